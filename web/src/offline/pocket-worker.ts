/** The engine's own thread: questions in, answers out, no state but what was loaded. */
/// <reference lib="webworker" />
import { engineOf, type Answer, type Engine } from './pocket-engine';

/** First the engine's bytes, then questions and files. */
export type Told = { engine: ArrayBuffer } | { turn: number; asked: unknown } | { turn: number; file: Blob };
export interface Heard { turn: number; answer: Answer }

/** Bytes of a file that are held at once. */
const PIECE = 4 << 20;

let engine: Promise<Engine> = Promise.reject(new Error('no engine was handed over'));
engine.catch(() => undefined);

async function hashed(e: Engine, file: Blob): Promise<Answer> {
  const hash = e.hash();
  for (let from = 0; from < file.size; from += PIECE) hash.add(new Uint8Array(await file.slice(from, from + PIECE).arrayBuffer()));
  return { ok: hash.end() };
}

self.onmessage = async (event: MessageEvent<Told>) => {
  const told = event.data;
  if ('engine' in told) {
    engine = engineOf(told.engine);
    engine.catch(() => undefined);
    return;
  }
  const say = (answer: Answer): void => self.postMessage({ turn: told.turn, answer } satisfies Heard);
  try {
    const e = await engine;
    say('file' in told ? await hashed(e, told.file) : e.call(JSON.stringify(told.asked)));
  } catch (problem) {
    // Not to be had, or broken under way: the page ends this thread and begins another.
    say({ error: { code: 'pocket.absent', args: { text: String(problem) } } });
  }
};
