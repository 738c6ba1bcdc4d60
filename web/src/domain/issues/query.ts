import { computed } from 'vue';
import { useRoute } from 'vue-router';

import type { Query } from '@/api/client';
import { useFilters } from '@/domain/filters';

/** 查询条件 of issues; they live in the address, so that every number can be a link. */
export const ISSUE_KEYS = ['q', 'state', 'station', 'lead', 'light', 'severity', 'case', 'responsible_unit', 'source', 'year', 'open', 'rectified', 'overdue', 'focal', 'side', 'wait'] as const;
export type IssueKey = (typeof ISSUE_KEYS)[number];

export function useIssueQuery() {
  const route = useRoute();
  const { asOf, set } = useFilters();
  const text = (key: string) => (typeof route.query[key] === 'string' ? (route.query[key] as string) : '');
  const conditions = computed(() => Object.fromEntries(ISSUE_KEYS.flatMap((key) => (text(key) ? [[key, text(key)]] : []))) as Partial<Record<IssueKey, string>>);
  const past = computed((): Record<string, string> => (asOf.value === 'now' ? {} : { as_of: asOf.value }));
  const query = computed<Query>(() => ({ ...conditions.value, ...past.value }));
  const sort = computed(() => text('sort') || 'due_on');
  const cursor = computed(() => text('cursor'));
  /** A change of what is asked for begins at the first page. */
  const ask = (changes: Record<string, string | undefined>) => set({ ...changes, cursor: undefined, page: undefined });
  const clear = () => ask(Object.fromEntries(ISSUE_KEYS.map((key) => [key, undefined])));
  return { conditions, query, past, sort, cursor, text, ask, clear, set };
}
