/** 口袋引擎 — the rules and the geometry of the register itself, in a worker of the phone. Whoever asks it must do without
 * it too: it is `null` where it cannot be loaded. */
import type { AskedFact } from '@/api/field';
import type { Geometry, MultiPolygon, Polygon } from 'geojson';

import type { PersonDb } from './db';
import { currentPack, partOf } from './pack';
import type { Answer } from './pocket-engine';
import type { Heard, Told } from './pocket-worker';
import workerUrl from './pocket-worker.ts?worker&url';

/** 判定 — as the desk prints it, with its words for people. */
export interface Judged {
  verdict: string; verdict_label: string; row: string; reason_text?: string | null; disposal_labels: string[]; severity_label?: string | null; deadline_label?: string | null;
  basis: string[]; clauses: string[]; missing_facts: string[];
}
export interface Question extends AskedFact { is_day: boolean; is_computed: boolean }
export interface Hinted { judged: Judged; questions: Question[]; hint: { verdict: string; row: string; ruleset_sha256: string; missing: string[] } }
export interface Near { site_id: string; distance_m: number; bearing_deg: number | null; is_inside: boolean; border_m: number | null }
export interface Placed { zones: { zone_kind: string; name: string }[]; station_id: string | null; station_name: string | null; in_sites: string[]; nearest: Near[]; site: Near | null; border_m: number | null; is_near_border: boolean }
export interface ZoneShare { zone_kind: string; name: string; area_m2: number; share: number }
export interface Outlined { area_m2: number; area_mu: number; perimeter_m: number; zone_shares: ZoneShare[]; outside_m2: number; legal_zone: string | null; faults: string[]; repaired?: Polygon | MultiPolygon }

/** Where the engine lies; absent where the program was built without it. */
const ENGINE = '/field/pocket.wasm';

/** The engine is not there, as against a question it cannot answer. */
export class PocketAbsent extends Error {}
export class PocketRefusal extends Error {
  readonly code: string;
  constructor(code: string, args: Record<string, string> = {}) {
    super(`${code} ${Object.values(args).join(' ')}`);
    this.code = code;
  }
}

let worker: Promise<Worker> | null = null;
let turn = 0;
const open = new Map<number, { done: (answer: Answer) => void; fail: (problem: Error) => void }>();
/** What the engine of this moment was loaded with. */
const loaded = new Map<'rules' | 'ground', { key: string; done: Promise<string> }>();

/** The engine is gone, and with it what it was loaded with; the next question begins another. */
function forget(gone: Promise<Worker>, why: string): void {
  if (worker !== gone) return;
  worker = null;
  loaded.clear();
  void gone.then((w) => w.terminate(), () => undefined);
  for (const { fail } of open.values()) fail(new PocketAbsent(why));
  open.clear();
}

async function bytesOf(url: string): Promise<ArrayBuffer> {
  const response = await fetch(url);
  if (!response.ok) throw new PocketAbsent(`${url}: ${response.status}`);
  return response.arrayBuffer();
}
/** The page fetches both files and hands them over: a thread from a file lives outside of this page's worker and policy. */
async function begin(): Promise<Worker> {
  const [script, engine] = await Promise.all([bytesOf(workerUrl), bytesOf(ENGINE)]);
  const made = new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })), { type: 'module' });
  made.postMessage({ engine } satisfies Told, [engine]);
  return made;
}
function start(): Promise<Worker> {
  if (worker) return worker;
  const own = (worker = begin());
  own.then(
    (made) => {
      made.onmessage = (event: MessageEvent<Heard>) => {
        open.get(event.data.turn)?.done(event.data.answer);
        open.delete(event.data.turn);
      };
      made.onerror = (event) => forget(own, event.message);
    },
    (problem) => forget(own, String(problem)),
  );
  return own;
}

async function tell<T>(what: { asked: unknown } | { file: Blob }): Promise<T> {
  const own = start();
  const made = await own.catch((problem) => Promise.reject(new PocketAbsent(String(problem))));
  const at = (turn += 1);
  const answer = await new Promise<Answer>((done, fail) => {
    open.set(at, { done, fail });
    made.postMessage({ turn: at, ...what } satisfies Told);
  });
  if ('ok' in answer) return answer.ok as T;
  const { code, args } = answer.error;
  if (code !== 'pocket.absent') throw new PocketRefusal(code, args);
  forget(own, args?.text ?? '');
  throw new PocketAbsent(args?.text);
}
const ask = <T>(asked: { op: string } & Record<string, unknown>): Promise<T> => tell<T>({ asked });

/** Loads a part of the pack once, and again where the pack, the person or the engine is another. */
async function withLoaded(name: 'rules' | 'ground', db: PersonDb, load: () => Promise<string>): Promise<string> {
  const manifest = await currentPack(db);
  const key = `${db.name} ${manifest?.version}`;
  const have = loaded.get(name);
  if (have?.key === key) return have.done;
  const done = load();
  loaded.set(name, { key, done });
  done.catch(() => loaded.get(name)?.done === done && loaded.delete(name));
  return done;
}
const loadRules = (db: PersonDb): Promise<string> =>
  withLoaded('rules', db, async () => {
    const part = await partOf(db, 'rules');
    if (!part) throw new PocketAbsent('no rules in the pack');
    return (await ask<{ ruleset_sha256: string }>({ op: 'load_rules', files: part.files })).ruleset_sha256;
  });
const loadGround = (db: PersonDb): Promise<string> =>
  withLoaded('ground', db, async () => {
    const [zones, sites] = await Promise.all([partOf(db, 'zones'), partOf(db, 'sites')]);
    if (!zones) throw new PocketAbsent('no zones in the pack');
    const own = (sites?.items ?? []).map(({ site_id, shape, lon, lat }) => ({ site_id, shape: isDrawn(shape) ? shape : undefined, lon, lat }));
    await ask({ op: 'load_ground', zones: zones.items.filter((z) => isDrawn(z.shape)), stations: zones.stations.filter((s) => isDrawn(s.shape)), sites: own, sliver_m2: zones.sliver_m2, sliver_share: zones.sliver_share ?? 0 });
    return '';
  });
const isDrawn = (shape: Geometry | undefined): boolean => shape?.type === 'Polygon' || shape?.type === 'MultiPolygon';

/** 所在 — zone, station, patches and the nearest sites of a position, and one site however far it is. */
export async function placeOf(db: PersonDb, at: { lon: number; lat: number; accuracy_m?: number }, site_id?: string): Promise<Placed> {
  await loadGround(db);
  return ask<Placed>({ op: 'place', lon: at.lon, lat: at.lat, accuracy_m: at.accuracy_m ?? 0, site_id });
}
/** 范围 — how large it is, in which zones, and how it is mended where it crosses itself. */
export async function outlineOf(db: PersonDb, shape: Geometry): Promise<Outlined> {
  await loadGround(db);
  return ask<Outlined>({ op: 'outline', shape });
}
/** SHA-256 of a file that is too large to be held at once. */
export const hashOf = (file: Blob): Promise<string> => tell<string>({ file });

/** 初步提示 — by the facts of the pack and the answers of the spot; never a decision. */
export async function judgeSheet(db: PersonDb, sheet: Record<string, unknown>, as_of: string, answers: Record<string, string>): Promise<Hinted> {
  const ruleset_sha256 = await loadRules(db);
  const stated = { ...sheet, ...answers };
  const judged = await ask<Judged>({ op: 'judge', sheet: stated, as_of });
  const questions = await ask<Question[]>({ op: 'questions', sheet: stated, as_of });
  return { judged, questions, hint: { verdict: judged.verdict, row: judged.row, ruleset_sha256, missing: judged.missing_facts } };
}
