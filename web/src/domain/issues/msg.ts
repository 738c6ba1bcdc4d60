import { words } from '@/domain/msg';

/** Texts that the screens of rectification share. */
export const w = words({
  issue: ['问题', 'Issue'],
  issue_code: ['问题编号', 'Issue'],
  description: ['问题描述', 'Description'],
  responsible_unit: ['整改责任单位', 'Responsible unit'],
  responsible_person: ['责任人', 'Responsible person'],
  supervising_unit: ['督导单位', 'Supervising unit'],
  area_lead: ['包抓领导', 'Area lead'],
  due_on: ['完成时限', 'Due'],
  light: ['时限灯', 'Light'],
  days_left: ['剩 {n} 日', '{n} days left'],
  due_today: ['今日到期', 'due today'],
  days_over: ['超期 {n} 日', '{n} days overdue'],
  no_deadline: ['无时限', 'no deadline'],
  green: ['绿灯', 'green'],
  amber: ['黄灯', 'amber'],
  red: ['红灯', 'red'],
  none: ['无灯', 'no light'],
  next_step: ['待办', 'Waits for'],
  next_rung: ['应办督促', 'Rung due'],
  progress: ['进度', 'Progress'],
  listed: ['挂牌督办', 'listed'],
  referred: ['已移交', 'referred'],
  deferred: ['暂缓', 'deferred'],
  to_be_verified: ['待核实', 'to be verified'],
  choose_row: ['选择 {code}', 'Select {code}'],
  choose_all: ['全选', 'Select all'],
  copy: ['复制', 'Copy'],
  copied: ['已复制', 'Copied'],
  file: ['文件', 'File'],
  first_page: ['首页', 'First'],
  page_of: ['第 {n} 页', 'Page {n}'],
});

type LightWord = 'green' | 'amber' | 'red' | 'none';
export const lightWord = (light: string): string => w(light as LightWord);
type SideWord = 'listed' | 'referred' | 'deferred';
export const sideWord = (side: string): string => (['listed', 'referred', 'deferred'].includes(side) ? w(side as SideWord) : side);
