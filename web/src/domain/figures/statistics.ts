import type { StatTable } from '@/api/wire';
import { m } from '@/domain/msg';

/** A statistics table as a chart. */
export interface Charted { categories: string[]; series: { name: string; values: number[] }[]; codes: string[][][] }

/** What no list knows is named as such. */
const named = (label?: string) => (!label || label === 'unknown' ? m('unspecified') : label);

/** The first dimension down the side, the second as parts of the bar; further ones are summed. */
export function chartOf(table: StatTable, first = 0, second = 1): Charted {
  const categories = [...new Set(table.rows.map((r) => named(r.labels[first])))];
  const parts = second < table.dimensions.length ? [...new Set(table.rows.map((r) => named(r.labels[second])))] : [''];
  const codes = parts.map(() => categories.map((): string[] => []));
  for (const row of table.rows) {
    const i = parts.indexOf(second < table.dimensions.length ? named(row.labels[second]) : '');
    codes[i]?.[categories.indexOf(named(row.labels[first]))]?.push(...row.site_codes);
  }
  const values = parts.map((_, i) => categories.map((label) => table.rows.filter((r) => named(r.labels[first]) === label && (second >= table.dimensions.length || named(r.labels[second]) === parts[i])).reduce((n, r) => n + r.count, 0)));
  return { categories, series: parts.map((name, i) => ({ name: name || table.title, values: values[i] ?? [] })), codes };
}
