import { words } from '@/domain/msg';

/** Names of what records hold besides the facts of sites, which the server names. */
export const r = words({
  occurred_at: ['日期', 'Day'],
  actor: ['登记岗位', 'Recorded by'],
  source_kind: ['来源', 'Source'],
  external_code: ['来件编号', 'Number'],
  received_on: ['收到日期', 'Received on'],
  distance_m: ['相距（米）', 'Distance (m)'],
  overlap_m2: ['重叠（平方米）', 'Overlap (m²)'],
  round: ['核查轮次', 'Round'],
  method: ['核查方式', 'Method'],
  verified_on: ['核查日期', 'Verified on'],
  condition_text: ['核查情况', 'Found'],
  ecological_effect: ['生态影响', 'Ecological effect'],
  conclusion: ['核查结论', 'Conclusion'],
  suggestion_text: ['处理意见', 'Suggestion'],
  suggested_disposal: ['建议处置', 'Suggested disposal'],
  photo_count: ['照片张数', 'Photos'],
  team: ['核查人员', 'Team'],
  measures: ['整改措施', 'Measures'],
  progress: ['整改进展', 'Progress'],
  result: ['认定结果', 'Result'],
  level: ['认定层级', 'Level'],
  determined_on: ['认定日期', 'Determined on'],
  document_number: ['文号', 'Document number'],
  kind: ['手续种类', 'Kind of permit'],
  issued_on: ['批准日期', 'Issued on'],
  valid_to: ['有效期至', 'Valid until'],
  issuer: ['批准机关', 'Issued by'],
  clue_truth: ['是否属实', 'Whether true'],
  character: ['性质', 'Character'],
  note: ['备注', 'Note'],
  title: ['名称', 'Title'],
  in_reserve: ['是否在保护区内', 'In the reserve'],
  is_present: ['有无', 'Present'],
  city: ['市级', 'city'],
  province: ['省级', 'province'],
  field: ['实地核查', 'in the field'],
  desk: ['内业核查', 'at the desk'],
});

const NAMES = new Set(['occurred_at', 'actor', 'source_kind', 'external_code', 'received_on', 'distance_m', 'overlap_m2', 'round', 'method', 'verified_on', 'condition_text', 'ecological_effect', 'conclusion', 'suggestion_text', 'suggested_disposal', 'photo_count', 'team', 'measures', 'progress', 'result', 'level', 'determined_on', 'document_number', 'kind', 'issued_on', 'valid_to', 'issuer', 'clue_truth', 'character', 'note', 'title', 'in_reserve']);

/** The name of a record's field, if it is one people should read. */
export const recordName = (key: string): string | undefined => (NAMES.has(key) ? r(key as Parameters<typeof r>[0]) : undefined);
