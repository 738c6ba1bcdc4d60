import { computed, onScopeDispose, ref, watch, type Ref } from 'vue';

import { post, Problem } from '@/api/client';
import type { ActReceipt, Body, Lack } from '@/api/issues';

export const actsPath = (issue: string): string => `/issues/${encodeURIComponent(issue)}/acts`;
/** What a refusal names as lacking. */
export const lacksOf = (problem: unknown): Lack[] => (problem instanceof Problem && Array.isArray(problem.details.missing) ? (problem.details.missing as Lack[]) : []);

/** The server's no to what was asked; a fault, or no answer at all, says nothing of it, and it may be tried again. */
export const isRefusal = (problem: unknown): problem is Problem => problem instanceof Problem && problem.status < 500;

const PAUSE = 400;

/** Asks the server, while somebody types, what an act would do or lack; nothing is entered. */
export function useProbe(issue: Ref<string>, kind: Ref<string>, body: Ref<Body>, isReady: Ref<boolean>) {
  const foreseen = ref<ActReceipt | null>(null);
  const lacks = ref<Lack[]>([]);
  const refusal = ref<unknown>(null);
  const asked = computed(() => (isReady.value ? JSON.stringify(body.value) : ''));
  let timer: ReturnType<typeof setTimeout> | undefined;
  let turn = 0;

  async function ask(): Promise<void> {
    const mine = ++turn;
    const [answer, problem] = await post<ActReceipt>(actsPath(issue.value), { kind: kind.value, body: body.value }, { dry_run: true }).then((a) => [a, null] as const, (p: unknown) => [null, p] as const);
    if (mine !== turn) return;
    foreseen.value = answer;
    refused(problem);
  }
  /** Shows what the server said no for, until something else is typed; nothing where it said yes or did not answer. */
  function refused(problem: unknown): void {
    lacks.value = lacksOf(problem);
    refusal.value = lacks.value.length === 0 && isRefusal(problem) ? problem : null;
  }
  watch(asked, (now) => {
    clearTimeout(timer);
    turn += 1;
    foreseen.value = null;
    refused(null);
    if (now) timer = setTimeout(ask, PAUSE);
  }, { immediate: true });
  onScopeDispose(() => clearTimeout(timer));
  return { foreseen, lacks, refusal, refused };
}
