import { computed } from 'vue';
import { useRoute, useRouter } from 'vue-router';

/** 条件 — kept in the address, so that a link says what its sender saw. */
export function useConditions() {
  const [route, router] = [useRoute(), useRouter()];
  const conditions = computed(() => Object.fromEntries(Object.entries(route.query).map(([k, v]) => [k, String(v ?? '')])));
  const text = (key: string): string => conditions.value[key] ?? '';
  const ask = (change: Record<string, string | undefined>) => router.replace({ query: { ...route.query, cursor: undefined, ...change } });
  return { conditions, text, ask };
}
