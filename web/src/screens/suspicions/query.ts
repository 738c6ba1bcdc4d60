import { computed } from 'vue';
import { useRoute } from 'vue-router';

import type { Query } from '@/api/client';
import { useFilters } from '@/domain/filters';

export const SUSPICION_KEYS = ['state', 'suspicion', 'grade', 'verdict', 'station', 'lead', 'site', 'issue', 'q'] as const;

/** What of the suspicions is asked for; it lives in the address. */
export function useSuspicionQuery() {
  const route = useRoute();
  const { asOf, set } = useFilters();
  const text = (key: string) => (typeof route.query[key] === 'string' ? (route.query[key] as string) : '');
  const conditions = computed(() => Object.fromEntries(SUSPICION_KEYS.flatMap((key) => (text(key) ? [[key, text(key)]] : []))) as Record<string, string>);
  const past = computed((): Record<string, string> => (asOf.value === 'now' ? {} : { as_of: asOf.value }));
  const query = computed<Query>(() => ({ ...conditions.value, ...past.value }));
  const ask = (changes: Record<string, string | undefined>) => set({ ...changes, offset: undefined });
  return { conditions, past, query, text, ask, set };
}
