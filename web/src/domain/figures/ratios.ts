import type { Ratio, StatTable } from '@/api/wire';

/** Tables whose sites, where they stand in all of them, are a ratio's denominator. */
const BASES: Record<string, readonly string[]> = {
  verification_rate: ['by_state'],
  carried_over_completion_rate: ['carried_over_by_determination'],
  focal_completion_rate: ['carried_over_by_determination', 'focal_by_category_state'],
};

export interface RatioSites { numerator: string[]; denominator: string[] }

/** The sites behind both numbers of a ratio; nothing where the tables do not tell exactly so many. */
export function sitesOf(ratio: Ratio, tables: readonly StatTable[]): RatioSites | null {
  const sets = (BASES[ratio.id] ?? []).map((id) => new Set(tables.find((t) => t.id === id)?.rows.flatMap((r) => r.site_codes) ?? []));
  const [first, ...others] = sets;
  const denominator = [...(first ?? [])].filter((code) => others.every((s) => s.has(code))).sort();
  const open = new Set(ratio.open_site_codes);
  const numerator = denominator.filter((code) => !open.has(code));
  return denominator.length === ratio.denominator && numerator.length === ratio.numerator ? { numerator, denominator } : null;
}
