/** 统计 on the wire, and how a table becomes a chart. */
export interface StatRow { keys: string[]; labels: string[]; count: number; area_m2: number; site_codes: string[] }
export interface StatTable { id: string; title: string; basis: string; dimensions: string[]; dimension_labels: string[]; rows: StatRow[] }
export interface Ratio { id: string; title: string; basis: string; numerator: number; denominator: number; percent?: number | null; target_percent?: number | null; open_site_codes: string[] }
export interface Statistics { scope_label: string; as_of: string; tables: StatTable[]; ratios: Ratio[] }
export interface Finding { code: string; title: string; severity: string; message: string; hint?: string | null; site_code?: string | null; clue_id?: string | null; station_id?: string | null }

export interface Charted { categories: string[]; series: { name: string; values: number[] }[]; codes: string[][][] }

/** The first dimension down the side, the second as parts of the bar; further ones are summed. */
export function chartOf(table: StatTable, first = 0, second = 1): Charted {
  const categories = [...new Set(table.rows.map((r) => r.labels[first] ?? ''))];
  const parts = second < table.dimensions.length ? [...new Set(table.rows.map((r) => r.labels[second] ?? ''))] : [''];
  const codes = parts.map(() => categories.map((): string[] => []));
  for (const row of table.rows) {
    const i = parts.indexOf(second < table.dimensions.length ? (row.labels[second] ?? '') : '');
    codes[i]?.[categories.indexOf(row.labels[first] ?? '')]?.push(...row.site_codes);
  }
  const values = parts.map((_, i) => categories.map((label) => table.rows.filter((r) => (r.labels[first] ?? '') === label && (parts.length === 1 || r.labels[second] === parts[i])).reduce((n, r) => n + r.count, 0)));
  return { categories, series: parts.map((name, i) => ({ name: name || table.title, values: values[i] ?? [] })), codes };
}
