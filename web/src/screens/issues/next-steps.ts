import type { ActBrief, IssueView, OpenStep } from '@/api/issues';

import { isAnswerable, levelOf, type ActPlace } from './acts';

/** Steps in the order in which they press: what somebody else waits for first, what stands beside last. */
const ORDER = [
  'review_plan', 'decide_extension', 'answer_objection', 'judge_relapse', 'open_issue', 'draft_plan', 'start', 'accept_self', 'accept_county', 'determine', 'publish_notice',
  'file_province', 'close_out', 'report', 'progress', 'evidence', 'look_back', 'plan_look_back', 'receive_objection', 'request_extension', 'suspect_relapse', 'close_unfixed',
];
const rank = (step: string) => (ORDER.includes(step) ? ORDER.indexOf(step) : ORDER.length);

/** Steps never offered as the one to take next: they are taken when something happens. */
const ON_OCCASION = new Set(['receive_objection', 'request_extension', 'suspect_relapse', 'close_unfixed']);

export interface NextSteps {
  /** The one button. */
  first: OpenStep | null;
  /** What else may be done here, each with what it lacks. */
  others: OpenStep[];
  /** What waits for another person. */
  foreign: OpenStep[];
  /** What stands beside the steps. */
  beside: ActBrief[];
}

/** What this person may do on an issue now, sorted by what presses. */
export function nextSteps(view: IssueView, place: ActPlace): NextSteps {
  const passed = (step: string) => view.chain.some((link) => link.level === levelOf(step) && link.passed);
  const inChain = (step: string) => levelOf(step) === undefined || view.chain.some((link) => link.level === levelOf(step));
  const real = view.open_steps.filter((s) => inChain(s.step) && !passed(s.step) && isAnswerable(s.kind, place)).sort((a, b) => rank(a.step) - rank(b.step));
  const mine = real.filter((s) => s.may && !s.is_own_work);
  /** Whoever is to accept does not evidence first: it would become their own work. */
  const mayAccept = mine.some((s) => levelOf(s.step) !== undefined);
  const isSecond = (s: OpenStep) => ON_OCCASION.has(s.step) || (s.step === 'evidence' && mayAccept) || (s.step === 'draft_plan' && view.issue.plan != null && view.state !== 'planning');
  const first = mine.find((s) => s.missing.length === 0 && !isSecond(s)) ?? mine.find((s) => !isSecond(s)) ?? null;
  const stepKinds = new Set(real.map((s) => s.kind));
  const beside = view.acts.filter((a) => !stepKinds.has(a.kind) && a.kind !== 'issue.opened' && !view.open_steps.some((s) => s.kind === a.kind) && isAnswerable(a.kind, place));
  return { first, others: mine.filter((s) => s !== first), foreign: real.filter((s) => (!s.may || s.is_own_work) && !ON_OCCASION.has(s.step)), beside };
}
