/** 办理 — every act on an issue as a short list of fields; one form draws them all, one summary shows them all. */
import type { Answered, Body, IssueView, PlanDrafted } from '@/api/issues';
import type { Label } from '@/api/wire';
import { day as dayOf } from '@/domain/format';
import { f, valueWord, type FieldWord } from '@/domain/issues/act-msg';

export type FieldKind =
  | 'text' | 'long' | 'date' | 'number' | 'whole' | 'code' | 'codes' | 'yes' | 'either' | 'files' | 'texts'
  | 'signatures' | 'quantities' | 'pairs' | 'measures' | 'done' | 'checks' | 'pending';

export interface Field {
  name: string;
  label: string;
  kind: FieldKind;
  isNeeded?: boolean;
  /** Purpose of the code list in `/config`. */
  list?: string;
  /** Choices that are no code list. */
  options?: (at: ActPlace) => Label[];
  /** What the field holds before anything is typed. */
  first?: (at: ActPlace) => unknown;
  /** Follows from the step, and is not for the person to say. */
  isGiven?: boolean;
  /** Page of the wizard it stands on, from 0. */
  page?: number;
}

export interface Act {
  fields: Field[];
  /** Names of the wizard's pages. */
  pages?: readonly ActPage[];
  /** Read once more before it is entered. */
  isPreviewed?: boolean;
  /** Members nobody types. */
  fixed?: (at: ActPlace) => Body;
}
export type ActPage = 'page_visit' | 'page_lines' | 'page_result';

/** Where an act is made: the issue, the post that makes it, and what it has typed so far. */
export interface ActPlace { view: IssueView; post: string; unit: string; step?: string; typed?: Body }

const words = (...codes: string[]) => (): Label[] => codes.map((code) => ({ code, label: valueWord(code) }));
const field = (name: FieldWord, kind: FieldKind, more: Partial<Field> = {}): Field => ({ name, label: f(name), kind, ...more });
const needed = (name: FieldWord, kind: FieldKind, more: Partial<Field> = {}): Field => field(name, kind, { isNeeded: true, ...more });
const named = (name: string, label: FieldWord, kind: FieldKind, more: Partial<Field> = {}): Field => ({ name, label: f(label), kind, ...more });

const today = (at: ActPlace) => at.view.today;
const day = (name: FieldWord) => needed(name, 'date', { first: today });
const files = field('evidence', 'files');
const paper = field('document_number', 'text');
const own = (at: ActPlace) => [{ post: at.post, unit: at.unit }];
/** Whether a field is asked for here: what is given is not, nor a choice among nothing. */
export const isAsked = (one: Field, at: ActPlace): boolean => !one.isGiven && (one.kind !== 'code' || one.options?.(at).length !== 0);
const pending = (name: FieldWord, of: (view: IssueView) => Answered[] | undefined): Field =>
  needed(name, 'pending', { options: (at) => waiting(of(at.view)), first: (at) => waiting(of(at.view))[0]?.code });

/** What has no answer yet, by how it reads. */
function waiting(items: readonly Answered[] | undefined): Label[] {
  const text = (body: Body) => [body.reason, body.text, body.rung, body.to_unit].find((part) => typeof part === 'string') ?? '';
  return (items ?? []).filter((i) => !i.answer).map((i) => ({ code: i.recorded.entry_id, label: `${dayOf(i.recorded.occurred_at)} ${String(text(i.recorded)).slice(0, 40)}` }));
}

const LEVELS: Record<string, string> = { accept_self: 'self', accept_county: 'county', determine: 'city', file_province: 'province' };
export const levelOf = (step?: string): string | undefined => (step ? LEVELS[step] : undefined);
const linkOf = (at: ActPlace) => at.view.issue.requirements.chain.find((l) => l.level === levelOf(at.step));
const blankSignatures = (at: ActPlace) => Array.from({ length: Math.max(1, linkOf(at)?.signatures ?? 1) }, (_, n) => (n === 0 ? own(at)[0] : { post: '', unit: '' }));
/** A line is met when somebody says so; nothing is ticked beforehand. */
const blankChecks = (at: ActPlace) => at.view.checklist.map((l) => ({ line: l.line, is_met: null, remark: '' }));
const blankDone = (at: ActPlace) => at.view.measures.map((m) => ({ sequence: m.sequence, done_on: '', text: '', evidence: [] }));
const planOf = (at: ActPlace): PlanDrafted | null | undefined => at.view.issue.plan;
/** What the draft before said, so that a new draft begins where it left off. */
const again = (name: FieldWord, kind: FieldKind) => field(name, kind, { first: (at) => (planOf(at) as Body | null | undefined)?.[name] });
const blankMeasures = (at: ActPlace) => planOf(at)?.measures.map((m) => ({ ...m, quantities: (m.quantities ?? []).map((q) => ({ ...q })) })) ?? [{ sequence: 1, content: '', quantities: [], unit: at.view.issue.responsible.unit, person: '', due_on: '' }];

/** Values that the condition chosen may have. */
const valuesOf = (at: ActPlace) => (at.view.checklist.find((l) => l.line === at.typed?.line)?.values ?? []).map((code) => ({ code, label: valueWord(code) }));

export const ACTS: Record<string, Act> = {
  'issue.amended': {
    fields: [
      needed('reason', 'long'),
      field('responsible_unit', 'text', { first: (at) => at.view.issue.responsible.unit }), field('responsible_person', 'text'), field('supervising_unit', 'text'), field('area_lead', 'text'),
      field('close_out_case', 'code', { list: 'close_out_case' }), field('is_deferred', 'either'),
    ],
  },
  'plan.drafted': {
    isPreviewed: true,
    fields: [
      needed('target', 'long', { first: (at) => planOf(at)?.target }),
      field('disposal', 'codes', { list: 'disposal', first: (at) => planOf(at)?.disposal ?? [] }),
      needed('measures', 'measures', { first: blankMeasures }),
      again('started_on', 'date'), needed('due_on', 'date', { first: (at) => planOf(at)?.due_on ?? at.view.issue.due_on }),
      again('budget_10k_yuan', 'number'), again('assessment_report', 'text'), again('cause_analysis', 'long'), again('document_number', 'text'), again('evidence', 'files'),
    ],
  },
  'plan.reviewed': {
    fixed: (at) => ({ plan: at.view.issue.plan?.entry_id }),
    fields: [
      needed('result', 'code', { options: words('approved', 'returned') }),
      field('reviewers', 'signatures', { first: (at) => [...own(at), { post: '', unit: '' }] }),
      field('opinion', 'long'), day('reviewed_on'), paper,
    ],
  },
  'rectification.started': { fields: [day('started_on'), field('note', 'long')] },
  'progress.reported': {
    fields: [
      named('measure', 'measure', 'code', { options: (at) => at.view.measures.map((m) => ({ code: String(m.sequence), label: `${m.sequence}. ${m.content}` })) }),
      field('from_on', 'date'), day('to_on'), needed('text', 'long'), field('quantities', 'quantities', { first: () => [] }),
      field('percent', 'whole'), field('spent_10k_yuan', 'number'), field('photo_pairs', 'pairs', { first: () => [] }), files,
    ],
  },
  'extension.requested': { fields: [needed('reason', 'long'), needed('new_due_on', 'date'), files] },
  'extension.decided': {
    fields: [
      pending('request', (view) => view.issue.extensions),
      needed('result', 'code', { options: words('granted', 'refused') }),
      field('new_due_on', 'date'), needed('approver', 'text', { first: (at) => at.post }), field('opinion', 'long'),
    ],
  },
  'rectification.reported': {
    isPreviewed: true,
    fields: [
      day('completed_on'), needed('result_text', 'long'),
      named('measures', 'measures_done', 'done', { isNeeded: true, first: blankDone }),
      field('photo_pairs', 'pairs', { first: () => [] }), field('restored_area_m2', 'number'),
    ],
  },
  'completion.evidenced': {
    fields: [
      needed('line', 'code', { options: (at) => at.view.checklist.map((l) => ({ code: l.line, label: l.label })) }),
      named('value', 'value', 'code', { isNeeded: true, options: valuesOf }),
      needed('statement', 'long'), needed('evidence', 'files'), paper,
    ],
  },
  'acceptance.recorded': {
    isPreviewed: true,
    pages: ['page_visit', 'page_lines', 'page_result'],
    fields: [
      needed('level', 'code', { list: 'accept_level', first: (at) => levelOf(at.step), isGiven: true, page: 0 }),
      { ...day('inspected_on'), page: 0 },
      field('units', 'texts', { first: (at) => [at.unit].filter(Boolean), page: 0 }),
      field('methods', 'codes', { list: 'accept_method', first: () => [], page: 0 }),
      field('members', 'signatures', { first: blankSignatures, page: 0 }),
      field('checks', 'checks', { first: blankChecks, page: 1 }),
      needed('result', 'code', { list: 'accept_result', page: 2 }),
      field('opinion', 'long', { page: 2 }), field('supplement_due_on', 'date', { page: 2 }), { ...paper, page: 2 }, { ...files, page: 2 },
    ],
  },
  'notice.published': {
    isPreviewed: true,
    fields: [
      needed('title', 'text'), named('started_on', 'notice_from', 'date', { isNeeded: true, first: today }), needed('ended_on', 'date'),
      needed('working_days', 'whole', { first: (at) => at.view.issue.requirements.notice_working_days }),
      field('channel', 'text'), field('phone', 'text'), field('email', 'text'), files,
    ],
  },
  'objection.received': { fields: [day('received_on'), named('text', 'objection_text', 'long', { isNeeded: true }), field('channel', 'text')] },
  'objection.answered': {
    fields: [
      pending('objection', (view) => view.issue.objections),
      needed('result', 'code', { options: words('dismissed', 'upheld') }),
      named('text', 'answer', 'long', { isNeeded: true }), day('answered_on'), paper,
    ],
  },
  'close_out.recorded': {
    isPreviewed: true,
    fields: [
      needed('number', 'text'),
      named('reason', 'reason_code', 'code', { isNeeded: true, list: 'close_reason', first: (at) => (at.step === 'close_unfixed' ? undefined : 'rectified') }),
      needed('reason_text', 'long'), day('closed_on'), paper, field('summary_period', 'text'),
      named('is_filed_in_national_system', 'is_filed', 'yes'), field('signatures', 'signatures', { first: own }),
    ],
  },
  'look_back.planned': {
    fixed: () => ({ sampling: { method: 'named' } }),
    fields: [day('planned_on'), needed('level', 'code', { options: words('bureau', 'county', 'city', 'province') }), field('is_secret', 'yes')],
  },
  'look_back.recorded': {
    fields: [
      day('looked_on'), needed('level', 'code', { options: words('bureau', 'county', 'city', 'province') }), needed('result', 'code', { list: 'look_back' }),
      needed('text', 'long'), field('members', 'signatures', { first: (at) => [...own(at), { post: '', unit: '' }] }), field('is_secret', 'yes'),
      field('acquired_on', 'date'), field('trend', 'code', { options: words('stable', 'improving', 'declining') }), files,
    ],
  },
  'relapse.suspected': { fields: [needed('reason', 'long'), field('acquired_on', 'date')] },
  'relapse.judged': { fields: [pending('suspicion', (view) => view.issue.relapses), needed('verdict', 'code', { list: 'relapse' }), needed('reason', 'long'), files] },
  'urging.issued': {
    fields: [
      needed('rung', 'code', { list: 'urge', first: (at) => at.view.next_rung?.kind }),
      needed('issued_by', 'text', { first: (at) => at.view.next_rung?.issued_by_label ?? at.post }),
      needed('to_unit', 'text', { first: (at) => at.view.next_rung?.to ?? at.view.issue.responsible.unit }),
      day('issued_on'), field('answer_due_on', 'date', { first: (at) => at.view.next_rung?.dates?.answer_due_on }),
      needed('text', 'long', { first: (at) => at.view.next_rung?.letter_text }), field('items', 'texts', { first: () => [] }), paper, field('receipt', 'text'),
    ],
  },
  'urging.answered': { fields: [pending('urging', (view) => view.issue.urgings), named('text', 'answer', 'long', { isNeeded: true }), day('answered_on'), paper, files] },
  'penalty.recorded': {
    fields: [
      named('document_number', 'penalty_number', 'text', { isNeeded: true }), needed('authority', 'text'), needed('penalty_kind', 'code', { list: 'penalty' }),
      field('amount_yuan', 'whole'), field('filed_on', 'date'), field('decided_on', 'date'), field('paid_on', 'date'), field('enforced_on', 'date'), field('court', 'text'), files,
    ],
  },
  'accountability.recorded': {
    fields: [
      needed('head_count', 'whole'), needed('action_kind', 'code', { list: 'accountability' }), needed('ground', 'long'), needed('authority', 'text'), day('decided_on'), paper,
    ],
  },
  'referral.recorded': { fields: [needed('to_kind', 'code', { list: 'referral' }), needed('to_unit', 'text'), day('referred_on'), needed('reason', 'long'), paper, files] },
  'referral.received': {
    fields: [
      pending('referral', (view) => view.issue.referrals), needed('result', 'code', { options: words('taken', 'sent_back', 'concluded') }),
      day('received_on'), field('receipt_number', 'text'), field('text', 'long'),
    ],
  },
  'suspicion.found': {
    fixed: (at) => ({ found_by: at.post }),
    fields: [
      named('suspicion', 'suspicion_kind', 'code', { isNeeded: true, list: 'suspicion' }), needed('grade', 'code', { options: words('high', 'medium', 'low') }),
      needed('text', 'long'), field('other_sites', 'texts', { first: () => [] }), files,
    ],
  },
  'suspicion.judged': { fields: [pending('suspicion', (view) => view.issue.suspicions), needed('verdict', 'code', { list: 'suspicion_verdict' }), needed('reason', 'long')] },
  'lesson.recorded': { fields: [needed('gap', 'long'), needed('mechanism', 'long'), paper, field('adopted_on', 'date'), field('unit', 'text')] },
  'publicity.recorded': {
    fields: [
      needed('publicity_kind', 'code', { options: words('report', 'publicity', 'exposure') }), needed('channel', 'text'), needed('title', 'text'), day('published_on'), field('address', 'text'), files,
    ],
  },
};

export const fieldsOf = (kind: string): readonly Field[] => ACTS[kind]?.fields ?? [];

/** Whether an act that answers something has something to answer. */
export const isAnswerable = (kind: string, at: ActPlace): boolean => fieldsOf(kind).every((one) => one.kind !== 'pending' || (one.options?.(at).length ?? 0) > 0);

/** An act's body before anything is typed. */
export function blankOf(kind: string, at: ActPlace, preset: Body = {}): Body {
  const blank = Object.fromEntries(fieldsOf(kind).map((one) => [one.name, one.first?.(at) ?? emptyOf(one.kind)]));
  return { ...blank, ...preset };
}

const LISTS: readonly FieldKind[] = ['codes', 'files', 'texts', 'signatures', 'quantities', 'pairs', 'measures', 'done', 'checks'];
function emptyOf(kind: FieldKind): unknown {
  if (LISTS.includes(kind)) return [];
  return kind === 'yes' ? false : kind === 'number' || kind === 'whole' ? null : '';
}

const isBlank = (value: unknown): boolean => value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
/** Rows somebody added and left empty are not sent. */
const FIRST_MEMBER: Partial<Record<FieldKind, string>> = { signatures: 'post', quantities: 'measure', pairs: 'before', measures: 'content' };

function tidyRow(row: unknown): unknown {
  if (typeof row !== 'object' || row === null) return typeof row === 'string' ? row.trim() : row;
  const members = Object.entries(row).filter(([, value]) => !isBlank(value));
  return Object.fromEntries(members.map(([key, value]) => [key, Array.isArray(value) ? tidyRows(value, key === 'quantities' ? 'quantities' : 'texts') : tidyRow(value)]));
}
function tidyRows(rows: readonly unknown[], kind: FieldKind): unknown[] {
  const first = FIRST_MEMBER[kind];
  const kept = rows.filter((row) => (first ? !isBlank((row as Body)[first]) : !isBlank(row)));
  if (kind === 'checks') return kept.filter((row) => typeof (row as Body).is_met === 'boolean').map(tidyRow);
  return kept.map(tidyRow);
}

/** The body as it is sent: what was left empty is left out, numbers are numbers. */
export function bodyOf(kind: string, typed: Body, at?: ActPlace): Body {
  const body: Body = at ? { ...ACTS[kind]?.fixed?.(at) } : {};
  for (const one of fieldsOf(kind)) {
    const value = typed[one.name];
    if (Array.isArray(value)) {
      const rows = tidyRows(value, one.kind);
      if (rows.length > 0 || one.isNeeded) body[one.name] = rows;
    } else if (one.kind === 'yes') {
      if (value) body[one.name] = true;
    } else if (one.kind === 'either') {
      if (!isBlank(value)) body[one.name] = value === 'yes';
    } else if (!isBlank(value)) {
      body[one.name] = one.name === 'measure' ? Number(value) : typeof value === 'string' ? value.trim() : value;
    }
  }
  if (kind === 'plan.drafted') body.measures = (body.measures as Body[]).map((m, n) => ({ ...m, sequence: n + 1 }));
  return body;
}

/** Needed fields that hold nothing yet. */
export const unfilled = (kind: string, body: Body, at?: ActPlace): Field[] =>
  fieldsOf(kind).filter((one) => one.isNeeded && (!at || one.isGiven || isAsked(one, at)) && (isBlank(body[one.name]) || (one.kind !== 'done' && Array.isArray(body[one.name]) && (body[one.name] as unknown[]).length === 0)));
