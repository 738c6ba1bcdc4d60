import { computed } from 'vue';
import { useRoute, useRouter } from 'vue-router';

/** 截至 — the day or log position that every view on the page is drawn for; it lives in the address. */
export function useAsOf() {
  const route = useRoute();
  const router = useRouter();
  const asOf = computed(() => (typeof route.query.as_of === 'string' && route.query.as_of ? route.query.as_of : 'now'));
  const isNow = computed(() => asOf.value === 'now');
  const set = (to: string) => {
    const query = { ...route.query };
    if (to === 'now' || !to) delete query.as_of;
    else query.as_of = to;
    return router.replace({ query });
  };
  return { asOf, isNow, set };
}
