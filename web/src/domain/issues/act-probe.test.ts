import { effectScope, ref } from 'vue';
import { expect, test, vi } from 'vitest';

vi.hoisted(() => {
  globalThis.localStorage = { getItem: () => null, setItem: () => undefined } as unknown as Storage;
  globalThis.sessionStorage = globalThis.localStorage;
});

import { Problem } from '@/api/client';

import { useProbe } from './act-probe';

test('a no stands in the way until something else is typed; a fault or a lost connection does not', () => {
  const scope = effectScope();
  const { lacks, refusal, refused } = scope.run(() => useProbe(ref('i'), ref('plan.drafted'), ref({}), ref(false)))!;
  const no = new Problem(403, 'access.denied', '无权办理');
  refused(no);
  expect(refusal.value).toBe(no);
  refused(new Problem(422, 'issue.step_refused', '尚缺', { missing: [{ fact: 'plan', code: 'rectify.plan', text: '缺方案' }] }));
  expect([lacks.value.length, refusal.value]).toEqual([1, null]);
  for (const fault of [new TypeError('Failed to fetch'), new Problem(503, 'busy', '稍后再试')]) {
    refused(fault);
    expect([lacks.value, refusal.value]).toEqual([[], null]);
  }
  scope.stop();
});
