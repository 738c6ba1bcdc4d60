/** 现场能答的 — which of the missing facts a person on the spot may state; the register refuses the others. Pure. */
import type { AskedFact } from '@/api/field';
import type { Question } from '@/offline/pocket';

/** Fields of the site and facts that the register computes: told at the desk, never as an answer to the tables. */
const NEVER = new Set(['built', 'activity_type_code', 'activity_subtype', 'zone', 'carry_over', 'false_alarm']);
/** Whether a facility stood before the reserve; the desk asks for the day it follows from. */
const BEFORE_OR_AFTER = new Set(['pre', 'post']);

/** The questions for the spot, of the pack or of the engine. */
export function onTheSpot(questions: readonly (AskedFact & Partial<Question>)[]): AskedFact[] {
  const isAsked = (q: AskedFact & Partial<Question>) => q.asked_of !== 'office' && !q.is_day && !q.is_computed && !NEVER.has(q.fact) && q.answers.length > 0;
  return questions.map(asStated).filter(isAsked);
}
function asStated<Q extends AskedFact>(q: Q): Q {
  const answers = q.answers.filter((a) => BEFORE_OR_AFTER.has(a.value));
  return q.fact === 'built' && answers.length > 0 ? { ...q, fact: 'set', answers } : q;
}

/** The answers that go into the entry: a draft of an older version may hold others. */
export const statable = (answers: Record<string, string>): Record<string, string> => Object.fromEntries(Object.entries(answers).filter(([fact]) => !NEVER.has(fact)));
