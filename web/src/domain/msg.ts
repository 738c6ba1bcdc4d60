/** Texts of the screens: official Chinese first, English second. Code-list labels come from the server. */
export type Language = 'zh-CN' | 'en';

const KEY = 'qingshan.language';

export const language: Language = localStorage.getItem(KEY) === 'en' ? 'en' : 'zh-CN';

/** Texts are read once, so a change of language loads the page anew. */
export function changeLanguage(to: Language): void {
  localStorage.setItem(KEY, to);
  location.reload();
}

/** The campaign's words are official Chinese on English pages too; marked, so that screen readers change their voice. */
export const langOf = (text?: string | null): 'zh-CN' | undefined => (language === 'en' && text && /\p{Script=Han}/u.test(text) ? 'zh-CN' : undefined);

type Pair = readonly [zh: string, en: string];

/** Typed texts of one screen; `{name}` is replaced by the value of that name. */
export function words<K extends string>(table: Record<K, Pair>) {
  return (key: K, values: Record<string, string | number> = {}): string => {
    const text = table[key][language === 'en' ? 1 : 0];
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  };
}

/** Texts that several screens use. */
export const m = words({
  product: ['青山', 'Qingshan'],
  product_long: ['自然保护地人类活动点位登记簿', 'Register of human activity in nature reserves'],
  ok: ['确定', 'OK'],
  cancel: ['取消', 'Cancel'],
  save: ['保存', 'Save'],
  close: ['关闭', 'Close'],
  reset: ['重置', 'Reset'],
  retry: ['重试', 'Try again'],
  search: ['查询', 'Search'],
  undo: ['撤销', 'Undo'],
  all: ['全部', 'All'],
  none: ['无', 'None'],
  yes: ['是', 'Yes'],
  no: ['否', 'No'],
  unspecified: ['不详', 'Not known'],
  unknown: ['未填', 'Not given'],
  reason: ['理由', 'Reason'],
  reason_needed: ['请写明理由，理由随登记条目留存', 'Please give a reason; it is kept with the entry'],
  station: ['保护站', 'Station'],
  state: ['状态', 'State'],
  zone: ['功能区', 'Zone'],
  activity: ['活动类型', 'Activity'],
  source: ['来源', 'Source'],
  focal: ['焦点类别', 'Focal category'],
  verdict: ['核查结论', 'Finding'],
  any_of_them: ['任一类别', 'Any of them'],
  map_extent: ['图上范围', 'Extent of the map'],
  with_finding: ['资料待完善', 'With findings'],
  without_finding: ['资料完整', 'Without findings'],
  severity: ['严重程度', 'Severity'],
  site: ['点位', 'Site'],
  site_code: ['点位编号', 'Site code'],
  facility: ['相关设施名称', 'Facility'],
  area: ['面积', 'Area'],
  place: ['位置', 'Place'],
  count: ['{n} 处', '{n}'],
  conditions: ['条件', 'Conditions'],
  rows: ['共 {n} 行', '{n} rows'],
  actions: ['办理', 'Actions'],
  as_of: ['截至', 'As of'],
  now: ['当前', 'now'],
  map: ['地图', 'Map'],
  show_on_map: ['在地图上查看', 'Show on map'],
  open_dossier: ['打开档案', 'Open dossier'],
  export: ['导出', 'Export'],
  print: ['打印', 'Print'],
  nothing_found: ['没有符合条件的记录', 'Nothing matches'],
  nothing_found_hint: ['放宽查询条件，或查看截至日期', 'Relax the conditions, or look at the as-of day'],
  failed: ['没有办成', 'That did not work'],
  has_issue: ['存在问题', 'With issue'],
  ledger: ['台账', 'Ledger'],
  findings: ['资料', 'Record'],
  area_lead: ['片区（包抓领导）', 'Area (lead)'],
  from_on: ['起', 'from'],
  to_on: ['止', 'until'],
  previous: ['上一页', 'Previous'],
  next: ['下一页', 'Next'],
  offline: ['连接不上服务器，页面上的内容可能不是最新的；正在自动重试', 'The server cannot be reached: what you see may be stale; it is tried again by itself'],
  demonstration: ['演示数据', 'Demonstration data'],
  demonstration_hint: ['演示数据：界线、点位、线索均为虚构', 'Demonstration data: borders, sites and clues are invented'],
  done: ['已登记', 'Recorded'],
  log_size: ['日志 {n} 条', '{n} log entries'],
  from: ['自', 'From'],
  to: ['至', 'To'],
  person: ['人员', 'Person'],
  date: ['日期', 'Date'],
  file: ['文件', 'File'],
});
