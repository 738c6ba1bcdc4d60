import { expect, test, vi } from 'vitest';

vi.hoisted(() => {
  globalThis.localStorage = { getItem: () => null, setItem: () => undefined } as unknown as Storage;
});

import type { IssueView } from '@/api/issues';

import { ACTS, blankOf, bodyOf, isAnswerable, unfilled, type ActPlace } from './acts';

const view = {
  today: '2019-08-18', percent: null, measures: [], checklist: [{ line: 'penalties', values: [] }, { line: 'measures', values: ['done'] }],
  issue: {
    responsible: { unit: '某砂石厂' }, requirements: { chain: [{ level: 'county', signatures: 3, units: 2 }], notice_working_days: 10 },
    objections: [
      { recorded: { entry_id: 'a', occurred_at: '2019-08-01T00:00:00Z', text: '仍有弃渣' }, answer: { entry_id: 'b' } },
      { recorded: { entry_id: 'c', occurred_at: '2019-08-02T00:00:00Z', text: '未见绿化' } },
    ],
  },
} as unknown as IssueView;
const at: ActPlace = { view, post: '领导小组办公室', unit: '管护中心', step: 'accept_county' };

test('every act has fields, and every wizard page holds some', () => {
  for (const [kind, act] of Object.entries(ACTS)) {
    expect(act.fields.length, kind).toBeGreaterThan(0);
    act.pages?.forEach((_, page) => expect(act.fields.some((one) => one.page === page), kind).toBe(true));
  }
});

test('what is left empty is not sent, rows without their first member neither', () => {
  const typed = { ...blankOf('plan.drafted', at), target: ' 恢复植被 ', due_on: '2019-12-31' };
  expect(bodyOf('plan.drafted', typed, at)).toEqual({ target: '恢复植被', due_on: '2019-12-31', measures: [] });
  const measures = [{ sequence: 7, content: '拆除', unit: '', due_on: '', quantities: [{ measure: 'demolished_m2', value: 120 }, { measure: '', value: null }] }, { content: '' }];
  expect(bodyOf('plan.drafted', { ...typed, measures }, at).measures).toEqual([{ sequence: 1, content: '拆除', quantities: [{ measure: 'demolished_m2', value: 120 }] }]);
});

test('what is needed and not there is named', () => {
  const names = (body: Record<string, unknown>) => unfilled('plan.drafted', body).map((one) => one.name);
  expect(names(bodyOf('plan.drafted', blankOf('plan.drafted', at), at))).toEqual(['target', 'measures', 'due_on']);
});

test('a condition that has values needs one, a condition without has none to give', () => {
  const names = (line: string) => {
    const typed = { ...blankOf('completion.evidenced', at), line, statement: '已落实', evidence: ['a1'] };
    return unfilled('completion.evidenced', bodyOf('completion.evidenced', typed, at), { ...at, typed }).map((one) => one.name);
  };
  expect([names('measures'), names('penalties')]).toEqual([['value'], []]);
});

test('a new draft begins where the one before left off, and changes nothing of it', () => {
  const plan = { entry_id: 'p', target: '恢复植被', due_on: '2019-12-31', measures: [{ sequence: 1, content: '拆除', quantities: [{ measure: 'demolished_m2', value: 120 }] }] };
  const again = { ...at, view: { ...view, issue: { ...view.issue, plan } } as unknown as IssueView };
  const typed = blankOf('plan.drafted', again) as unknown as typeof plan;
  typed.measures[0]!.content = '拆除并清运';
  typed.measures[0]!.quantities[0]!.value = 90;
  expect(typed.target).toBe('恢复植被');
  expect(plan.measures).toEqual([{ sequence: 1, content: '拆除', quantities: [{ measure: 'demolished_m2', value: 120 }] }]);
});

test('an acceptance begins at the level of its step, with room for the signatures, and no line ticked', () => {
  const blank = blankOf('acceptance.recorded', at);
  expect(blank.level).toBe('county');
  expect(blank.members).toHaveLength(3);
  expect(bodyOf('acceptance.recorded', blank, at).checks).toBeUndefined();
  const checks = [{ line: 'penalties', is_met: false, remark: '未缴' }, { line: 'measures', is_met: null, remark: '' }];
  expect(bodyOf('acceptance.recorded', { ...blank, checks }, at).checks).toEqual([{ line: 'penalties', is_met: false, remark: '未缴' }]);
});

test('what may be set either way is said either way, or left as it is', () => {
  const said = (is_deferred: string) => bodyOf('issue.amended', { reason: '长期坚持', is_deferred }, at).is_deferred;
  expect([said(''), said('yes'), said('no')]).toEqual([undefined, true, false]);
});

test('an answer is offered only where something waits for it', () => {
  expect(isAnswerable('objection.answered', at)).toBe(true);
  expect(blankOf('objection.answered', at).objection).toBe('c');
  expect(isAnswerable('urging.answered', at)).toBe(false);
});
