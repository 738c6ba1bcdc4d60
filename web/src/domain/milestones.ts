import type { Forecast } from '@/api/wire';

import { words } from './msg';

/** 时限灯 — green with more than fifteen days left, amber up to fifteen, red when overdue. */
export type Light = 'green' | 'amber' | 'red';

const DAY = 86_400_000;
export const daysLeft = (due_on: string, today: string): number => Math.round((Date.parse(due_on) - Date.parse(today)) / DAY);

export function lightOf(left: number): Light {
  if (left < 0) return 'red';
  return left <= 15 ? 'amber' : 'green';
}
export const LIGHT_GLYPHS: Record<Light, string> = { green: '●', amber: '◆', red: '▲' };

const t = words({
  on: ['近 {window} 天办结 {done}，余 {remaining}，照此进度 {day} 办完', '{done} in {window} days, {remaining} remain: done on {day} at this pace'],
  never: ['近 {window} 天没有办结，余 {remaining}', 'none in {window} days, {remaining} remain'],
  needed: ['按期办完每天须办 {n}', '{n} a day are needed'],
});

/** 进度预测 — at which pace the rest goes, when it is done, and what a day must bring. */
export function foretold(f: Forecast): string {
  const values = { window: f.window_days, done: f.done_lately, remaining: f.remaining, day: f.expected_on ?? '' };
  const pace = f.expected_on ? t('on', values) : t('never', values);
  return f.is_late && f.needed_per_day != null ? `${pace}；${t('needed', { n: f.needed_per_day })}` : pace;
}
