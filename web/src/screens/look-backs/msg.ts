import { words } from '@/domain/msg';

export const t = words({
  title: ['回头看', 'Look-backs'],
  hint: ['焦点问题全部回头看，其余按风险抽取；种子和比例随安排留存，任何人可据此重抽', 'Focal issues are all looked at, the others are drawn by risk; seed and share are kept, so that anybody can draw again'],
  seed: ['抽样种子', 'Seed'],
  percent: ['比例（%）', 'Share (%)'],
  draw: ['抽取', 'Draw'],
  drawn: ['抽中 {n} 个', '{n} drawn'],
  candidates: ['可抽 {n} 个，其中焦点 {focal} 个', '{n} candidates, {focal} of them focal'],
  method: ['抽样方式', 'Drawn'],
  risk: ['风险', 'Risk'],
  planned_on: ['安排日期', 'Planned for'],
  level: ['层级', 'Level'],
  secret: ['暗查', 'Secret check'],
  record: ['登记安排（{n} 个）', 'Record {n} plans'],
  planned: ['已安排 {n} 个', '{n} planned'],
  skipped: ['未能安排 {n} 个', '{n} not planned'],
  nothing: ['没有可以回头看的问题', 'No closed issue to look at'],
  waiting: ['待回头看', 'To be looked at'],
});
