/** 时限灯 — green with more than fifteen days left, amber up to fifteen, red when overdue. */
export type Light = 'green' | 'amber' | 'red';

const DAY = 86_400_000;
export const daysLeft = (due_on: string, today: string): number => Math.round((Date.parse(due_on) - Date.parse(today)) / DAY);

export function lightOf(left: number): Light {
  if (left < 0) return 'red';
  return left <= 15 ? 'amber' : 'green';
}
export const LIGHT_GLYPHS: Record<Light, string> = { green: '●', amber: '◆', red: '▲' };
