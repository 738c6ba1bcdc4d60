/** 待传箱 — entries made on this phone: signed and kept in one step, sent later, never lost. */
import Dexie from 'dexie';

import { sha256, tidy, utf8, uuid } from './canonical';
import { claim, lastContact, type Clocks } from './clock';
import { dropFiles, fileTables, keepSetting, phone, setting, storeOf, tellLog, type BlobState, type Draft, type Enrolment, type Fix, type Item, type ItemState, type KeptBlob, type PersonDb } from './db';
import { ALG, stamped } from './keys';
import { alone } from './turn';

/** One entry to be made. `blobs` are the files it names. */
export interface EntryDraft {
  id?: string; stream: string; kind: string; body: Record<string, unknown>; title: string; blobs?: string[];
  site_id?: string; site_code?: string; based_on?: number; fix_at?: string;
  /** Entries that do not commute wait for the one before them on the same stream. */
  follows?: boolean;
}
export interface Act {
  entries: EntryDraft[];
  /** Files that are not in the store yet. */
  blobs?: NewBlob[];
  draft_id?: string;
  /** A draft that changes with the act: the patrol a finding belongs to. */
  draft?: Draft;
  /** What the phone is to remember of the act. */
  settings?: Record<string, unknown>;
  /** Fixes of a finished track, deleted with the act that files them. */
  track_id?: string;
}
export interface NewBlob { sha256: string; data: Blob; media_type: string; file_name: string; draft_id?: string }

/** 未保存 — the phone has no room; nothing was kept of the whole act. */
export class NoRoom extends Error {
  readonly code = 'field.no_room';
}
export class NumberTaken extends Error {}
/** 已退出 — this person has left the phone, or it was locked: what is recorded now would never be sent. */
export class Left extends Error {
  readonly code = 'field.left';
}

const isQuota = (problem: unknown): boolean => {
  const names = [problem, (problem as { inner?: unknown })?.inner].map((p) => (p as { name?: string })?.name ?? '');
  return names.some((name) => /Quota/.test(name));
};
/** Runs a write, and says in one word where the phone is full. */
export async function keeping<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (problem) {
    throw isQuota(problem) ? new NoRoom('no room on this phone') : problem;
  }
}

interface Seat { number: number; occurred_at?: string }
const seatOf = async (db: PersonDb): Promise<Seat> => ({
  number: (await setting<number>(db, 'number')) ?? 0,
  occurred_at: await setting<string>(db, 'occurred_at'),
});

async function signed(who: Enrolment, entry: EntryDraft, seat: Seat, times: { clocks: Clocks; occurred_at: string }, after?: string): Promise<Item> {
  const id = entry.id ?? uuid();
  const envelope = {
    id, stream: entry.stream, kind: entry.kind, body: tidy(entry.body), actor: who.me.person_id, role: who.me.role, unit: who.me.unit,
    occurred_at: times.occurred_at, clocks: times.clocks, stamp: { device_id: who.device_id, number: seat.number, alg: ALG },
  };
  const bytes = await stamped(who.keys, envelope);
  return {
    id, number: seat.number, kind: entry.kind, stream: entry.stream, title: entry.title, bytes, blobs: entry.blobs ?? [], state: 'waiting', tries: 0, next_try_at: 0,
    made_at: times.clocks.device, occurred_at: times.occurred_at, size: utf8(bytes).length, site_id: entry.site_id, site_code: entry.site_code,
    based_on: entry.based_on, ...(after ? { after } : {}),
  };
}

/** The newest entry of a stream on this phone that others may hang on. */
async function before(db: PersonDb, stream: string): Promise<string | undefined> {
  const rows = await db.items.where('stream').equals(stream).toArray();
  return rows.filter((r) => r.state !== 'recorded').sort((a, b) => b.number - a.number)[0]?.id;
}

async function signAll(db: PersonDb, who: Enrolment, act: Act): Promise<{ items: Item[]; from: number }> {
  const seat = await seatOf(db);
  const contact = await lastContact(db);
  const items: Item[] = [];
  let occurred = seat.occurred_at;
  for (const [i, entry] of act.entries.entries()) {
    const times = claim(contact, occurred, entry.fix_at);
    const after = entry.follows ? ([...items].reverse().find((x) => x.stream === entry.stream)?.id ?? (await before(db, entry.stream))) : undefined;
    items.push(await signed(who, entry, { number: seat.number + i + 1 }, times, after));
    occurred = times.occurred_at;
  }
  return { items, from: seat.number };
}

const asRow = (blob: NewBlob, of: string[]): KeptBlob => ({
  sha256: blob.sha256, size: blob.data.size, media_type: blob.media_type, file_name: blob.file_name, offset: 0, state: 'kept',
  made_at: new Date().toISOString(), of, ...(blob.draft_id ? { draft_id: blob.draft_id } : {}),
});

/** Within a transaction over the tables of files. */
async function addFile(db: PersonDb, blob: NewBlob, of: string[]): Promise<KeptBlob> {
  const row = asRow(blob, of);
  await db.files.put({ sha256: blob.sha256, data: blob.data });
  await db.blobs.add(row);
  return row;
}

/** Puts items, files, the number and the end of the draft on disk at once; the whole of it or nothing. */
async function commit(db: PersonDb, act: Act, items: Item[], from: number): Promise<void> {
  const files = new Map((act.blobs ?? []).map((b) => [b.sha256, b]));
  await db.transaction('rw', [db.items, db.blobs, db.files, db.settings, db.drafts, db.fixes], async () => {
    if (((await setting<number>(db, 'number')) ?? 0) !== from) throw new NumberTaken('another page recorded meanwhile');
    for (const item of items) await db.items.add(item);
    const owners = new Map<string, string[]>();
    for (const item of items) for (const sha of item.blobs) owners.set(sha, [...(owners.get(sha) ?? []), item.id]);
    for (const sha of new Set([...files.keys(), ...owners.keys()])) {
      const have = await db.blobs.get(sha);
      const of = [...new Set([...(have?.of ?? []), ...(owners.get(sha) ?? [])])];
      if (have) await db.blobs.update(sha, { of, draft_id: undefined });
      else if (files.has(sha)) await addFile(db, files.get(sha)!, of);
      else throw new Error(`file ${sha} is not in the store`);
    }
    await keepSetting(db, 'number', from + items.length);
    await keepSetting(db, 'occurred_at', items.at(-1)?.occurred_at);
    if (act.draft_id) await db.drafts.delete(act.draft_id);
    if (act.draft) await db.drafts.put(act.draft);
    for (const [key, value] of Object.entries(act.settings ?? {})) await keepSetting(db, key, value);
    if (act.track_id) await db.fixes.where('[track_id+t]').between([act.track_id, -Infinity], [act.track_id, Infinity]).delete();
  });
}

const CANARY = 'qs-canary';
export interface Canary { person_id: string; number: number }
/** Left outside of the store: tells that the browser cleared it. */
export function canary(): Canary | null {
  try {
    return JSON.parse(localStorage.getItem(CANARY) ?? 'null') as Canary | null;
  } catch {
    return null;
  }
}
export function dropCanary(): void {
  try {
    localStorage.removeItem(CANARY);
  } catch {
    // Where there is no such store, or it is shut, nothing sings.
  }
}
/** Never fails: what it tells of is on disk already, and a full phone must not be told the opposite. */
function sing(person_id: string, number: number): void {
  try {
    localStorage.setItem(CANARY, JSON.stringify({ person_id, number }));
  } catch {
    // The next entry tries again.
  }
}

async function stillHere(who: Enrolment): Promise<void> {
  const now = await phone.enrolments.get(who.person_id);
  if (!now || now.locked || now.is_leaving || now.device_id !== who.device_id) throw new Left('nobody is enrolled here any more');
}

/** 登记 — signs the entries of one act and keeps them with their files; what returns is on disk. */
export async function record(who: Enrolment, act: Act): Promise<Item[]> {
  return alone('qs-sign', async () => {
    await stillHere(who);
    const db = storeOf(who.person_id);
    for (let tries = 0; ; tries++) {
      const { items, from } = await signAll(db, who, act);
      try {
        await keeping(() => commit(db, act, items, from));
        sing(who.person_id, from + items.length);
        for (const i of items) await tellLog(db, 'stored', { number: i.number, title: i.title }, i.id).catch(() => undefined);
        return items;
      } catch (problem) {
        if (!(problem instanceof NumberTaken) || tries >= 3) throw problem;
      }
    }
  });
}

/** Hashes a file before anything else and keeps it, for a draft or unfiled. */
export async function keepBlob(db: PersonDb, data: Blob, about: { media_type: string; file_name: string; draft_id?: string; sha256?: string }): Promise<KeptBlob> {
  const sha = about.sha256 ?? (await sha256(await data.arrayBuffer()));
  const have = await db.blobs.get(sha);
  if (have) {
    // The same picture in another sheet, or one that a recorded entry left behind: it is that sheet's too.
    if (about.draft_id && have.of.length === 0) await db.blobs.update(sha, { draft_id: about.draft_id });
    return have;
  }
  return keeping(() => db.transaction('rw', db.blobs, db.files, () => addFile(db, { ...about, sha256: sha, data }, [])));
}
/** Which files open sheets name, one apart. */
async function drafted(db: PersonDb, but?: string): Promise<(sha: string) => boolean> {
  const texts = (await db.drafts.toArray()).filter((d) => d.id !== but).map((d) => JSON.stringify(d.data));
  return (sha) => texts.some((text) => text.includes(sha));
}
/** Takes a file out of a draft; only one that neither an entry nor another draft names. */
export async function dropBlob(db: PersonDb, sha: string, draft_id?: string): Promise<void> {
  await db.transaction('rw', [...fileTables(db), db.drafts], async () => {
    const row = await db.blobs.get(sha);
    if (row && row.of.length === 0 && !(await drafted(db, draft_id))(sha)) await dropFiles(db, [sha]);
  });
}
/** 未归档 — files that neither an entry nor a draft names. */
export async function unfiled(db: PersonDb): Promise<KeptBlob[]> {
  const drafts = new Set((await db.drafts.toArray()).map((d) => d.id));
  const isDrafted = await drafted(db);
  return (await db.blobs.toArray()).filter((b) => b.of.length === 0 && !(b.draft_id && drafts.has(b.draft_id)) && !isDrafted(b.sha256));
}

export const keepDraft = (db: PersonDb, draft: Draft): Promise<unknown> => keeping(() => db.drafts.put(draft));
export const keepFixes = (db: PersonDb, fixes: Fix[]): Promise<unknown> => keeping(() => db.fixes.bulkPut(fixes));

export interface Counts { by_kind: Record<string, { count: number; size: number }>; by_state: Record<ItemState, number>; unsent: number; blobs_waiting: number; bytes_waiting: number; sent: number; received: number }
const OPEN_STATES = ['waiting', 'sending', 'received', 'held'] as const satisfies ItemState[];
const STATES = [...OPEN_STATES, 'recorded', 'refused'] as const satisfies ItemState[];
/** 数目 — by kind first, so that one kind that fails hides nothing of the others. */
export async function counts(db: PersonDb): Promise<Counts> {
  // Counted by the indexes alone: it is asked with every change, and a season's work, or a week's without a signal, is large.
  const of_state = (state: ItemState): Promise<number> => db.items.where('state').equals(state).count();
  const [waiting, sending, received, held, recorded, refused] = await Promise.all(STATES.map(of_state)) as [number, number, number, number, number, number];
  const by_kind: Counts['by_kind'] = {};
  for (const state of OPEN_STATES) {
    const keys = await db.items.where('[state+kind+size]').between([state, Dexie.minKey], [state, Dexie.maxKey]).keys();
    for (const [, kind, size] of keys as unknown as [ItemState, string, number][]) {
      const of = (by_kind[kind] ??= { count: 0, size: 0 });
      of.count += 1;
      of.size += size;
    }
  }
  const attached = new Set(await db.blobs.where('of').above('').primaryKeys());
  const pending = [...(await sizesOf(db, 'kept')), ...(await sizesOf(db, 'sending'))].filter(([sha]) => attached.has(sha));
  const bytes_waiting = pending.reduce((sum, [, size]) => sum + size, 0);
  const tried = await db.items.where('[state+tries]').between(['waiting', 1], ['waiting', Dexie.maxKey]).count();
  const answered = received + held + recorded + refused;
  return {
    by_kind, by_state: { waiting, sending, received, held, recorded, refused }, unsent: waiting + sending + received + held,
    blobs_waiting: pending.length, bytes_waiting, sent: answered + sending + tried, received: answered,
  };
}
export const unsentByKind = (c: Counts): Record<string, number> => Object.fromEntries(Object.entries(c.by_kind).map(([k, v]) => [k, v.count]));

/** Files in a state with their sizes, by the index alone: a file read is a handle to it, and there may be hundreds. */
async function sizesOf(db: PersonDb, state: BlobState): Promise<[string, number][]> {
  const keys = await db.blobs.where('[state+sha256+size]').between([state, Dexie.minKey], [state, Dexie.maxKey]).keys();
  return (keys as unknown as [BlobState, string, number][]).map(([, sha, size]) => [sha, size]);
}

/** Sites that were verified on this phone, with the state of the newest verification. */
export async function verifiedSites(db: PersonDb): Promise<Map<string, string>> {
  const kind = 'verification.recorded';
  const keys = await db.items.where('[kind+number+site_id+state]').between([kind, Dexie.minKey], [kind, Dexie.maxKey]).keys();
  return new Map((keys as unknown as [string, number, string, ItemState][]).map(([, , site, state]) => [site, state]));
}

const KEEP_DAYS = 7;
const REFUSED_DAYS = 30;
const FREE_ENOUGH = 500e6;
const DAY_MS = 86_400_000;
const COMPARED_DAYS = 1;
/** A refusal by the program may be mended by a later one; only what a person refused is done with. */
const isDecided = (i: Item): boolean => i.status?.decided !== undefined || i.code === 'field.refused';
/**
 * Makes room: files of recorded entries after a week, or the oldest first when the phone is nearly full. Nothing unrecorded goes,
 * and nothing recorded before the register knew all its receipts of late: it may have been restored from a backup.
 */
export async function tidyUp(db: PersonDb, free_bytes: number): Promise<void> {
  const compared = await setting<string>(db, 'compared_at');
  if (!compared || Date.now() - Date.parse(compared) > COMPARED_DAYS * DAY_MS) return;
  const items = new Map((await db.items.toArray()).map((i) => [i.id, i]));
  const isDrafted = await drafted(db);
  const age = (text?: string): number => (text ? Date.now() - Date.parse(text) : 0);
  const isDone = (b: KeptBlob): boolean => b.state === 'arrived' && b.of.length > 0 && b.of.every((id) => (items.get(id)?.state ?? 'recorded') === 'recorded') && !isDrafted(b.sha256);
  const done = (await db.blobs.where('state').equals('arrived' satisfies BlobState).toArray()).filter(isDone).sort((a, b) => a.made_at.localeCompare(b.made_at));
  const isOld = (b: KeptBlob): boolean => b.of.every((id) => !items.has(id) || age(items.get(id)?.settled_at) > KEEP_DAYS * DAY_MS);
  let free = free_bytes;
  for (const blob of done) {
    if (!isOld(blob) && free > FREE_ENOUGH) continue;
    await dropFiles(db, [blob.sha256]);
    free += blob.size;
  }
  const isSpent = (i: Item): boolean =>
    (i.state === 'recorded' && age(i.settled_at) > KEEP_DAYS * DAY_MS) || (i.state === 'refused' && i.is_read === 1 && isDecided(i) && age(i.settled_at) > REFUSED_DAYS * DAY_MS);
  await db.items.bulkDelete([...items.values()].filter(isSpent).map((i) => i.id));
}

