/** 口袋引擎 — the rules and the geometry of the register itself, in a worker of the phone. */
import type { AskedFact, SiteSheet } from '@/api/field';

import type { PersonDb } from './db';
import { partOf } from './pack';

export interface Hinted { text: string; clauses: string[]; hint: { verdict: string; row: string; ruleset_sha256: string; missing: string[] }; questions: AskedFact[] }
interface Judged { verdict: string; verdict_label?: string; row: string; reason_text?: string; clauses: string[]; missing?: string[] }
type Answer = { ok: unknown } | { error: { code: string; args?: Record<string, unknown> } };

/** Where the engine lies; absent where the program was built without it. */
export const ENGINE = '/field/pocket.wasm';

let worker: Worker | null = null;
let turn = 0;
const open = new Map<number, (answer: Answer) => void>();
let rules: Promise<string> | null = null;

function start(): Worker {
  worker ??= new Worker(new URL('./pocket-worker.ts', import.meta.url), { type: 'module' });
  worker.onmessage = (event: MessageEvent<{ turn: number; answer: Answer }>) => {
    open.get(event.data.turn)?.(event.data.answer);
    open.delete(event.data.turn);
  };
  return worker;
}

export async function callPocket<T>(asked: Record<string, unknown> & { op: string }): Promise<T> {
  const at = (turn += 1);
  const answer = await new Promise<Answer>((done) => {
    open.set(at, done);
    start().postMessage({ turn: at, asked, engine: ENGINE });
  });
  if ('error' in answer) throw new Error(answer.error.code);
  return answer.ok as T;
}

/** Loads the rule set of the pack once. */
async function loadRules(db: PersonDb): Promise<string> {
  rules ??= (async () => {
    const part = await partOf(db, 'rules');
    if (!part) throw new Error('no rules in the pack');
    return (await callPocket<{ ruleset_sha256: string }>({ op: 'load_rules', files: part.files })).ruleset_sha256;
  })();
  rules.catch(() => (rules = null));
  return rules;
}

/** 初步提示 — by the facts of the pack and the answers of the spot; never a decision. */
export async function judgeSheet(db: PersonDb, asked: SiteSheet, answers: Record<string, string>): Promise<Hinted | null> {
  if (!asked.sheet) return null;
  const ruleset_sha256 = await loadRules(db);
  const sheet = { ...asked.sheet, ...answers };
  const judged = await callPocket<Judged>({ op: 'judge', sheet, as_of: asked.as_of });
  const questions = await callPocket<AskedFact[]>({ op: 'questions', sheet, as_of: asked.as_of });
  const onTheSpot = new Map(asked.missing.map((m) => [m.fact, m.asked_of]));
  return {
    text: judged.verdict_label ?? judged.verdict, clauses: judged.clauses, hint: { verdict: judged.verdict, row: judged.row, ruleset_sha256, missing: questions.map((q) => q.fact) },
    questions: questions.filter((q) => onTheSpot.get(q.fact) !== 'office'),
  };
}
