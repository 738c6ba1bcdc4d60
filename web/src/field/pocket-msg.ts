/** Texts of the engine's answers; read on the screens that ask it, so they stay out of the shell. */
import { words } from '@/domain/msg';

export const tPocket = words({
  absent: ['本机引擎未能载入：位置按页面估算，规则问题按离线包所列，没有初步提示。照常填写即可。', 'The engine could not be loaded: places are estimated by the page, the questions are those of the pack, and there is no preliminary hint. Fill in as usual.'],
  loading: ['正在载入规则…', 'Loading the rules…'],
  hint: ['初步提示：{text}', 'Preliminary hint: {text}'],
  hint_mark: ['初步提示，以判定为准', 'A preliminary hint; the decision counts'],
  hint_row: ['判定行 {row}：{reason}', 'Row {row}: {reason}'],
  hint_more: ['处置：{disposal} · 严重程度：{severity} · 期限：{deadline}', 'Disposal: {disposal} · severity: {severity} · due: {deadline}'],
  hint_clauses: ['依据', 'Clauses'],
  hint_missing: ['还有 {n} 项事实未知，答全后结果可能不同', '{n} facts are unknown; the result may change once they are told'],
  hint_no_table: ['类型未定，规则还不能判定', 'The kind is open: no table judges it yet'],
  hint_refused: ['规则未能判定：{text}', 'The rules could not judge: {text}'],
  hint_if: ['按哪一细类看（只影响提示，不登记）', 'Seen as which subtype (only for the hint, not recorded)'],
  nothing_asked: ['现场没有要补的事实', 'Nothing is asked on the spot'],
  station: ['{name}责任区', 'Territory of {name}'],
  station_none: ['不在本站责任区内', 'Outside your own territory'],
  outline_points: ['{n} 点', '{n} points'],
  outline_kept: ['已描范围 {area}', 'Outline, {area}'],
  outline_area: ['{area} · 周长 {length}', '{area} · perimeter {length}'],
  outline_more: ['比线索图斑（{was} 平方米）大 {n} 平方米（{share}%）', '{n} m² more than the clue ({was} m²), {share}%'],
  outline_less: ['比线索图斑（{was} 平方米）小 {n} 平方米（{share}%）', '{n} m² less than the clue ({was} m²), {share}%'],
  outline_shares: ['{zone} {share}% · {n} 平方米', '{zone} {share}% · {n} m²'],
  outline_outside: ['功能区外 {area}', '{area} in no zone'],
  outline_legal: ['按最严功能区：{zone}', 'Strictest zone touched: {zone}'],
  outline_mended: ['边线自相交，已自动理顺；用这个范围前请看一眼图', 'The line crosses itself and was mended; look at it before you use it'],
  outline_broken: ['这个范围不成面，请重描', 'This is no area: draw it again'],
});
