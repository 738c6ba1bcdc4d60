import { expect, test, vi } from 'vitest';

vi.hoisted(() => {
  globalThis.localStorage = { getItem: () => null, setItem: () => undefined } as unknown as Storage;
});

import type { IssueView, OpenStep } from '@/api/issues';

import type { ActPlace } from './acts';
import { nextSteps } from './next-steps';

const step = (code: string, kind: string, more: Partial<OpenStep> = {}): OpenStep => ({ step: code, label: code, kind, action: code, may: true, is_own_work: false, missing: [], ...more });
const LACK = { fact: 'measures_evidenced', code: 'rectify.measures_evidenced', text: '措施没有佐证' };
const placeOf = (more: Partial<IssueView>): ActPlace => ({
  view: { state: 'rectifying', chain: [], acts: [], open_steps: [], issue: { plan: { entry_id: 'p' } }, ...more } as unknown as IssueView, post: '', unit: '',
});
const named = (place: ActPlace) => {
  const found = nextSteps(place.view, place);
  return { first: found.first?.step, others: found.others.map((s) => s.step), foreign: found.foreign.map((s) => s.step) };
};

test('work goes on until it can be reported done; an answer is offered only to a question', () => {
  const open_steps = [step('draft_plan', 'plan.drafted'), step('progress', 'progress.reported'), step('decide_extension', 'extension.decided'), step('report', 'rectification.reported', { missing: [LACK] })];
  expect(named(placeOf({ open_steps }))).toEqual({ first: 'progress', others: ['draft_plan', 'report'], foreign: [] });
  const ready = [step('progress', 'progress.reported'), step('report', 'rectification.reported')];
  expect(named(placeOf({ open_steps: ready })).first).toBe('report');
});

test('a level passed is not asked again, own work goes to another person', () => {
  const chain = [{ level: 'self', passed: 'x' }, { level: 'county' }] as IssueView['chain'];
  const open_steps = [step('accept_self', 'acceptance.recorded'), step('accept_county', 'acceptance.recorded', { is_own_work: true }), step('determine', 'acceptance.recorded', { may: false })];
  expect(named(placeOf({ state: 'awaiting_acceptance', chain, open_steps }))).toEqual({ first: undefined, others: [], foreign: ['accept_county'] });
});

test('whoever is to accept does not evidence first: it would become their own work', () => {
  const open_steps = [step('evidence', 'completion.evidenced'), step('accept_county', 'acceptance.recorded', { missing: [LACK] })];
  const chain = [{ level: 'county' }] as IssueView['chain'];
  expect(named(placeOf({ state: 'awaiting_acceptance', chain, open_steps }))).toEqual({ first: 'accept_county', others: ['evidence'], foreign: [] });
  expect(named(placeOf({ open_steps: [step('evidence', 'completion.evidenced')] })).first).toBe('evidence');
});

test('what only happens on occasion is never the next step', () => {
  expect(named(placeOf({ open_steps: [step('receive_objection', 'objection.received'), step('close_out', 'close_out.recorded', { missing: [LACK] })] })).first).toBe('close_out');
});
