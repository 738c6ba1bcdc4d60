import { computed } from 'vue';
import { useRoute, useRouter, type LocationQuery } from 'vue-router';

import type { Query } from '@/api/client';

/** 查询条件 — the conditions that map, ledger and lists share; they live in the address. */
export const FILTER_KEYS = ['q', 'station', 'lead', 'state', 'zone', 'activity', 'focal', 'source', 'verdict', 'severity', 'has_issue', 'ledger', 'finding', 'bbox'] as const;
export type FilterKey = (typeof FILTER_KEYS)[number];
export type Filters = Partial<Record<FilterKey, string>>;

export function filtersOf(query: LocationQuery): Filters {
  const filters: Filters = {};
  for (const key of FILTER_KEYS) {
    const value = query[key];
    if (typeof value === 'string' && value) filters[key] = value;
  }
  return filters;
}

export function useFilters() {
  const route = useRoute();
  const router = useRouter();
  const filters = computed(() => filtersOf(route.query));
  const asOf = computed(() => (typeof route.query.as_of === 'string' && route.query.as_of ? route.query.as_of : 'now'));
  /** What the server is asked with. */
  const query = computed<Query>(() => ({ ...filters.value, as_of: asOf.value === 'now' ? undefined : asOf.value }));

  const set = (changes: Record<string, string | undefined>) => {
    const next: LocationQuery = { ...route.query };
    for (const [key, value] of Object.entries(changes)) {
      if (value) next[key] = value;
      else delete next[key];
    }
    return router.replace({ query: next });
  };
  const clear = () => set(Object.fromEntries(FILTER_KEYS.map((k) => [k, undefined])));
  const count = computed(() => Object.keys(filters.value).length);
  return { filters, asOf, query, set, clear, count };
}

/** The address query of a server-side `query` text such as `state=no_issue&zone=core`. */
export const queryOf = (text: string): Record<string, string> => Object.fromEntries(new URLSearchParams(text.replace(/^.*\?/, '')));
