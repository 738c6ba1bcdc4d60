import { computed } from 'vue';
import { useRoute, type LocationQuery } from 'vue-router';

import type { Query } from '@/api/client';
import type { Config } from '@/api/wire';
import { useFilters } from '@/domain/filters';

const PREFIX = 'filter.';

/** 列筛选 in an address: `filter.COLUMN=text`. */
export const columnFiltersOf = (query: LocationQuery): Record<string, string> =>
  Object.fromEntries(Object.entries(query).flatMap(([k, v]) => (k.startsWith(PREFIX) && typeof v === 'string' ? [[k.slice(PREFIX.length), v]] : [])));

/** Columns whose values fall into groups. */
export const GROUPABLE = ['station', 'zone_label', 'activity_label', 'activity_type', 'county', 'township', 'village', 'current_status', 'has_issue', 'focal_category', 'character', 'progress', 'determination', 'conclusion', 'clue_source', 'campaign_years', 'area_lead'];

type Words = Pick<Config, 'stations' | 'zones' | 'lists'>;
const known = (list: readonly { code: string; label: string }[], label: string) => (label ? list.find((l) => l.label === label)?.code : 'unknown');

/** What opens a group to its rows: a condition where the column has one, else the text of the cell; nothing for empty cells. */
export function conditionOf(by: string, label: string, words: Words): Query | null {
  const conditions: Record<string, () => Query> = {
    station: () => ({ station: known(words.stations.map((s) => ({ code: s.id, label: s.name })), label) }),
    zone_label: () => ({ zone: known(words.zones, label) }),
    activity_label: () => ({ activity: known(words.lists.activity ?? [], label) }),
  };
  const exact = conditions[by]?.();
  if (exact && Object.values(exact).every(Boolean)) return exact;
  return label ? { [PREFIX + by]: label } : null;
}

/** Everything that is asked of a ledger; the address holds all of it, and therefore a saved view does. */
export function useLedgerAddress() {
  const route = useRoute();
  const { filters, asOf, query: shared, set } = useFilters();
  const text = (key: string) => (typeof route.query[key] === 'string' ? (route.query[key] as string) : '');
  const view = computed(() => String(route.params.view));
  const sort = computed(() => text('sort'));
  const group = computed(() => text('group'));
  const hidden = computed(() => new Set(text('hidden').split(',').filter(Boolean)));
  const columnFilters = computed(() => columnFiltersOf(route.query));
  /** What is asked for, and therefore also what is exported and printed. */
  const query = computed<Query>(() => ({
    ...shared.value,
    ...Object.fromEntries(Object.entries(columnFilters.value).map(([k, v]) => [PREFIX + k, v])),
    sort: sort.value || undefined,
  }));
  const past = computed((): Record<string, string> => (asOf.value === 'now' ? ({} as Record<string, string>) : { as_of: asOf.value }));
  return { view, sort, group, hidden, columnFilters, query, filters, asOf, past, set };
}
