/** 上传 — contact, files in chunks, entries in batches, receipts; the same code in the page and in the service worker. */
import Dexie from 'dexie';

import type { ContactAnswer, ItemsAnswer, ItemStatus, Storage } from '@/api/field';

import { base64, canonical, sha256, utf8 } from './canonical';
import { noteContact, now } from './clock';
import { fileOf, keepSetting, phone, setting, storeOf, tellLog, type Enrolment, type Item, type KeptBlob, type PersonDb } from './db';
import { AGAIN_MS, ask, askJson, Busy, isOffline, Refusal, Unreached } from './http';
import { counts, unsentByKind } from './outbox';
import { lockDown, sendParcels } from './rescue';
import { unlessBusy } from './turn';

export type SyncState = 'done' | 'unreached' | 'expired' | 'locked' | 'paused' | 'busy' | 'nobody' | 'failed';
/** `failed`: the register answered no, or the phone could not; `text` says what. */
export interface SyncReport { state: SyncState; text?: string; wait_ms?: number; too_old?: boolean; pack_is_old?: boolean }
export interface SyncOptions { app_version: string; storage: Storage; pack_etag?: string | null }

const BATCH = 100;
const BATCH_BYTES = 3.5e6;
const KEPT_RECEIPTS = 200;
/** Their names stand in an address, and proxies refuse one of more than 8 KB. */
const ASKED_AT_ONCE = 100;
const CHUNK_MIN = 256 * 1024;
const CHUNK_MAX = 1024 * 1024;
const FAST_MS = 1_500;
const LANES = 2;
const CHUNK_PATIENCE_MS = 90_000;
const LONGEST_PAUSE_MS = 600_000;
const ROUNDS = 50;
const DAY_MS = 86_400_000;
/** A file that keeps arriving damaged is left alone for a while. */
const MOST_DAMAGES = 3;
/** A leaving page asks the round that runs to stop; an old wish is a page that died. */
const LEAVING_MS = 120_000;
/** Refusals that a later register may take back: such items stay, and are offered again each day. */
const MENDABLE = new Set(['field.kind', 'field.unfaithful', 'field.device_unknown']);
const isMendable = (code?: string): boolean => code !== undefined && MENDABLE.has(code);

/** 2 s, 4 s, 8 s … ten minutes at the most, and not all phones at once. */
export const backOff = (tries: number): number => Math.min(LONGEST_PAUSE_MS, 2_000 * 2 ** Math.min(tries, 10)) * (0.75 + Math.random() / 2);

class Paused extends Error {}
class Round {
  chunk = CHUNK_MIN;
  too_old = false;
  /** Put back once already in this round: what the register forgets again waits for the next. */
  readonly forgotten = new Set<string>();
  readonly damages = new Map<string, number>();
  /** Pieces lost one after another, by file. */
  readonly cuts = new Map<string, number>();
  constructor(readonly db: PersonDb, readonly who: Enrolment, readonly options: SyncOptions) {}
  async mayGoOn(): Promise<void> {
    if (await setting<boolean>(this.db, 'is_paused')) throw new Paused('paused');
    if (Date.now() - ((await setting<number>(this.db, 'leaving_at')) ?? 0) < LEAVING_MS) throw new Paused('leaving');
  }
}

/** Sends all that waits for one person; does nothing where another page is at it. */
export async function sync(person_id: string, options: SyncOptions): Promise<SyncReport> {
  return (await unlessBusy('qs-sync', () => syncNow(person_id, options))) ?? { state: 'busy' };
}

async function syncNow(person_id: string, options: SyncOptions): Promise<SyncReport> {
  const who = await phone.enrolments.get(person_id);
  if (!who) return { state: 'nobody' };
  if (who.locked) return lockDown(who);
  const round = new Round(storeOf(person_id), who, options);
  try {
    await round.mayGoOn();
    await awaken(round.db);
    const answer = await contact(round);
    await sendAll(round);
    await sendParcels(who).catch(() => undefined);
    return { state: 'done', too_old: round.too_old, pack_is_old: answer?.pack?.is_old ?? false };
  } catch (problem) {
    return failed(round, problem);
  }
}

async function failed(round: Round, problem: unknown): Promise<SyncReport> {
  await awaken(round.db);
  if (problem instanceof Paused) return { state: 'paused' };
  if (problem instanceof Busy) return { state: 'unreached', wait_ms: problem.wait_ms };
  if (problem instanceof Unreached) return { state: 'unreached' };
  if (problem instanceof Refusal && problem.code === 'field.device_locked') {
    const locked = { reason: String(problem.details.reason ?? ''), since: problem.details.since as string | undefined, text: problem.message };
    await phone.enrolments.update(round.who.person_id, { locked });
    return lockDown({ ...round.who, locked });
  }
  if (problem instanceof Refusal && problem.status === 401) {
    await phone.enrolments.update(round.who.person_id, { is_expired: true });
    return { state: 'expired' };
  }
  if (problem instanceof Refusal) {
    await tellLog(round.db, 'server_said', { text: problem.message });
    return { state: 'failed', text: problem.message };
  }
  console.warn(problem);
  return { state: 'failed', text: problem instanceof Error ? problem.message : String(problem) };
}

/** What was being sent when a page died is not sent. */
async function awaken(db: PersonDb): Promise<void> {
  await db.items.where('state').equals('sending').modify({ state: 'waiting' });
  await db.blobs.where('state').equals('sending').modify({ state: 'kept' });
}

/** Contact; once a day, and wherever the register did not know a receipt, all receipts are compared, not the newest alone. */
async function contact(round: Round): Promise<ContactAnswer | null> {
  const { db } = round;
  const began = new Date().toISOString();
  const newest = await db.items.where('[state+number]').between(['recorded', Dexie.minKey], ['recorded', Dexie.maxKey]).reverse().limit(KEPT_RECEIPTS).toArray();
  const answer = await greet(round, newest.filter((i) => i.receipt));
  const compared = await setting<string>(db, 'compared_at');
  const isDue = !compared || Date.now() - Date.parse(compared) > DAY_MS / 2 || (await setting<boolean>(db, 'is_doubted'));
  if (!answer || !isDue) return answer;
  const told = new Set(newest.map((i) => i.id));
  const others = (await db.items.where('state').equals('recorded').toArray()).filter((i) => i.receipt && !told.has(i.id));
  for (let at = 0; at < others.length; at += KEPT_RECEIPTS) {
    await round.mayGoOn();
    if (!(await greet(round, others.slice(at, at + KEPT_RECEIPTS)))) return answer;
  }
  await keepSetting(db, 'compared_at', began);
  await keepSetting(db, 'is_doubted', false);
  return answer;
}

async function greet(round: Round, receipts: Item[]): Promise<ContactAnswer | null> {
  const { db, who, options } = round;
  const times = now();
  const body = {
    app_version: options.app_version, device_now: new Date().toISOString(), ...times, unsent: unsentByKind(await counts(db)), storage: options.storage,
    ...(options.pack_etag ? { pack_etag: options.pack_etag } : {}),
    kept: receipts.map((i) => ({ id: i.id, seq: i.receipt!.seq, leaf_hash: i.receipt!.leaf_hash })),
  };
  try {
    const answer = await askJson<ContactAnswer>('contact', { method: 'POST', body: JSON.stringify(body), token: who.token });
    await noteContact(db, answer.server_time, times.session_ms);
    await learn(round, answer);
    return answer;
  } catch (problem) {
    if (!(problem instanceof Refusal && problem.code === 'field.app_too_old')) throw problem;
    round.too_old = true;
    return null;
  }
}

async function learn({ db, who }: Round, answer: ContactAnswer): Promise<void> {
  const renewed = { ...(answer.token ? { token: answer.token, token_expires_on: answer.token_expires_on ?? who.token_expires_on } : {}), ...(answer.me ? { me: answer.me } : {}) };
  await phone.enrolments.update(who.person_id, { ...renewed, is_expired: false });
  Object.assign(who, renewed);
  if (answer.me) await leaveTerritory(db, answer.me.station_ids);
  await takeStatuses(db, answer.statuses);
  // A register that was restored: until every receipt was compared, none of them is thrown away.
  if (answer.unknown.length > 0) await keepSetting(db, 'is_doubted', true);
  for (const id of answer.unknown) await backToWaiting(db, id);
}

/** The register does not know a receipt it gave, or an item it had taken: it is sent again, with its files. */
async function backToWaiting(db: PersonDb, id: string, code = 'unknown_receipt'): Promise<void> {
  await db.transaction('rw', db.items, db.blobs, async () => {
    const item = await db.items.get(id);
    if (!item) return;
    await db.items.update(id, { state: 'waiting', receipt: undefined, status: undefined, code: undefined, text: undefined, settled_at: undefined, next_try_at: 0 });
    for (const sha of item.blobs) await again(db, sha);
  });
  await tellLog(db, code, {}, id);
}

/** A file that had arrived is offered again; where the register still has it, nothing is sent. */
const again = (db: PersonDb, sha: string): Promise<number> => db.blobs.where('sha256').equals(sha).and((b) => b.state === 'arrived').modify({ state: 'kept', offset: 0, next_try_at: 0 });

/** Another post: the old territory's pack goes at once, what is unsent stays. */
async function leaveTerritory(db: PersonDb, station_ids: string[]): Promise<void> {
  const current = await db.pack.get('current');
  if (!current || JSON.stringify([...current.manifest.station_ids].sort()) === JSON.stringify([...station_ids].sort())) return;
  await db.transaction('rw', db.pack, db.pack_parts, async () => {
    await db.pack.clear();
    await db.pack_parts.clear();
  });
  await tellLog(db, 'other_territory');
}

async function sendAll(round: Round): Promise<void> {
  for (let i = 0; i < ROUNDS; i++) {
    await round.mayGoOn();
    const ended = await Promise.allSettled([sendItems(round), sendBlobs(round)]);
    const failure = ended.find((e): e is PromiseRejectedResult => e.status === 'rejected');
    if (failure) throw failure.reason;
    await askStatuses(round);
    if ((await due(round.db)).length === 0 && (await pending(round.db)).length === 0) return;
  }
}

/* Entries */

async function due(db: PersonDb): Promise<Item[]> {
  const waiting = await db.items.where('state').equals('waiting').toArray();
  const refused = await db.items.where('state').equals('refused').and((i) => isMendable(i.code)).toArray();
  return [...waiting, ...refused].filter((i) => i.next_try_at <= Date.now()).sort((a, b) => a.number - b.number);
}

function* batches(items: Item[]): Generator<Item[]> {
  let batch: Item[] = [];
  let size = 0;
  for (const item of items) {
    if (batch.length > 0 && (batch.length >= BATCH || size + item.size > BATCH_BYTES)) {
      yield batch;
      [batch, size] = [[], 0];
    }
    batch.push(item);
    size += item.size;
  }
  if (batch.length > 0) yield batch;
}

async function sendItems(round: Round): Promise<void> {
  for (const batch of batches(await due(round.db))) {
    await round.mayGoOn();
    await sendBatch(round, batch);
  }
}

/** One item that the server cannot take never stops the others: a refused batch is halved down to it. */
async function sendBatch(round: Round, batch: Item[]): Promise<void> {
  const { db, who } = round;
  const items = batch.map((i) => ({ bytes: i.bytes, blobs: i.blobs, ...(i.based_on === undefined ? {} : { based_on: i.based_on }), ...(i.after ? { after: i.after } : {}) }));
  await db.items.where('id').anyOf(batch.map((i) => i.id)).modify((i) => {
    i.state = 'sending';
    i.tries += 1;
  });
  try {
    const answer = await askJson<ItemsAnswer>('items', { method: 'POST', body: JSON.stringify({ items }), token: who.token });
    await takeStatuses(db, answer.results);
    await db.items.where('id').anyOf(batch.map((i) => i.id)).and((i) => i.state === 'sending').modify({ state: 'waiting', next_try_at: Date.now() + backOff(0) });
  } catch (problem) {
    if (!(problem instanceof Refusal) || problem.status === 401 || problem.status === 403) throw problem;
    if (batch.length > 1) {
      const half = Math.ceil(batch.length / 2);
      await sendBatch(round, batch.slice(0, half));
      return sendBatch(round, batch.slice(half));
    }
    const [item] = batch as [Item];
    await db.items.update(item.id, { state: 'waiting', next_try_at: Date.now() + backOff(item.tries + 3), code: problem.code, text: problem.message });
    await tellLog(db, 'not_taken', { number: item.number, text: problem.message }, item.id);
  }
}

/** Text under the signature, whose hash the receipt names. */
export async function entryHash(bytes: string): Promise<string> {
  const entry = JSON.parse(bytes) as { stamp: { signature?: string } };
  delete entry.stamp.signature;
  return sha256(utf8(canonical(entry)));
}

/** Takes over what the register says of items, all of it in one step on disk; a receipt for other bytes is none. */
export async function takeStatuses(db: PersonDb, statuses: readonly ItemStatus[]): Promise<void> {
  const items = await db.items.bulkGet(statuses.map((status) => status.id));
  const isTrue = await Promise.all(statuses.map(async (status, i) => status.state !== 'recorded' || !items[i] || status.receipt?.entry_sha256 === (await entryHash(items[i].bytes))));
  await db.transaction('rw', db.items, db.blobs, db.log, async () => {
    for (const [i, status] of statuses.entries()) {
      const item = await db.items.get(status.id);
      if (!item) await tellElsewhere(db, status);
      else if (isTrue[i]) await take(db, item, status);
      else {
        await db.items.update(item.id, { state: 'waiting', next_try_at: Date.now() + backOff(5), code: 'field.receipt_wrong' });
        await tellLog(db, 'receipt_wrong', { number: item.number }, item.id);
      }
    }
  });
}

/** What another phone of the same person sent was refused; it is told once, whatever says it again. */
async function tellElsewhere(db: PersonDb, status: ItemStatus): Promise<void> {
  if (status.state !== 'refused') return;
  const isTold = await db.log.filter((line) => line.item_id === status.id && line.code === 'refused_elsewhere').count();
  if (isTold === 0) await tellLog(db, 'refused_elsewhere', { number: status.number, text: status.text ?? '' }, status.id);
}

async function take(db: PersonDb, item: Item, status: ItemStatus): Promise<void> {
  const isDone = status.state === 'recorded' || status.state === 'refused';
  const isSameRefusal = status.state === 'refused' && item.status?.state === 'refused' && item.status.code === status.code;
  const isNews = item.state !== status.state && !isSameRefusal;
  if (item.state === 'recorded' && status.state !== 'recorded') return;
  await db.items.update(item.id, {
    state: status.state, status, code: status.code ?? undefined, text: status.text ?? undefined, ...(status.receipt ? { receipt: status.receipt } : {}),
    ...(isDone && !item.settled_at ? { settled_at: new Date().toISOString() } : {}), ...(status.state === 'refused' && item.state !== 'refused' ? { next_try_at: Date.now() + DAY_MS } : {}), ...(status.state === 'refused' && isNews ? { is_read: 0 as const } : {}),
  });
  if (status.state === 'recorded') for (const sha of item.blobs) await db.blobs.update(sha, { state: 'arrived' });
  if (isNews) await tellLog(db, status.state, { number: item.number, title: item.title, text: status.text ?? '' }, item.id);
}

async function askStatuses(round: Round): Promise<void> {
  const { db, who } = round;
  const open = [...(await db.items.where('state').anyOf('received', 'held').primaryKeys())];
  for (let i = 0; i < open.length; i += ASKED_AT_ONCE) {
    const ids = open.slice(i, i + ASKED_AT_ONCE);
    const { results } = await askJson<{ results: ItemStatus[] }>(`items?ids=${ids.join(',')}`, { token: who.token });
    await takeStatuses(db, results);
    await remember(round, ids, results);
  }
}

/** What the register took and has forgotten since, an item or a file of one, is sent again: once a round. */
async function remember({ db, forgotten }: Round, asked: string[], told: ItemStatus[]): Promise<void> {
  const once = (name: string): boolean => !forgotten.has(name) && forgotten.add(name) !== undefined;
  const known = new Set(told.map((status) => status.id));
  for (const id of asked.filter((one) => !known.has(one) && once(one))) await backToWaiting(db, id, 'forgotten');
  for (const sha of told.flatMap((status) => status.waits?.missing ?? []).filter(once)) await again(db, sha);
}

/* Files */

/** Files to be sent: those of the smallest item first, so that something is whole soon. */
async function pending(db: PersonDb): Promise<KeptBlob[]> {
  const rows = (await db.blobs.where('state').anyOf('kept').toArray()).filter((b) => b.of.length > 0 && b.size > 0 && (b.next_try_at ?? 0) <= Date.now());
  const weight = new Map<string, number>();
  for (const row of rows) for (const id of row.of) weight.set(id, (weight.get(id) ?? 0) + row.size - row.offset);
  const least = (b: KeptBlob): number => Math.min(...b.of.map((id) => weight.get(id) ?? 0));
  return rows.sort((a, b) => least(a) - least(b));
}

async function sendBlobs(round: Round): Promise<void> {
  const queue = await pending(round.db);
  const lane = async (): Promise<void> => {
    for (let blob = queue.shift(); blob; blob = queue.shift()) {
      await round.mayGoOn();
      await sendBlob(round, blob);
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: LANES }, lane));
  const failure = ended.find((e): e is PromiseRejectedResult => e.status === 'rejected');
  if (failure) throw failure.reason;
}

/** A file with its bytes at hand. */
type Open = KeptBlob & { data: Blob };
const offsetOf = (headers: Headers): number => Number(headers.get('Upload-Offset') ?? 0);

async function sendBlob(round: Round, blob: KeptBlob): Promise<void> {
  const { db } = round;
  let offset = await standing(round, blob);
  if (offset >= blob.size) return arrive(db, blob, null);
  const data = await fileOf(db, blob);
  if (!data) return void (await putOff(round, blob, 'file_unreadable'));
  await db.blobs.update(blob.sha256, { state: 'sending', offset });
  while (offset < blob.size) {
    await round.mayGoOn();
    const next = await sendChunk(round, { ...blob, data }, offset);
    if (next === null) return;
    if (next > offset) round.cuts.delete(blob.sha256);
    offset = next;
    if (offset < blob.size) await db.blobs.update(blob.sha256, { offset });
  }
  await arrive(db, blob, offset);
}

/** How much of a file the register has. */
async function standing({ who }: Round, blob: KeptBlob): Promise<number> {
  const head = await ask(`blobs/${blob.sha256}`, { method: 'HEAD', token: who.token, accept: [404] });
  return head.status === 404 ? 0 : offsetOf(head.headers);
}

/** A piece, or the answer to it, was lost: the register is asked how far it is, before anything is sent twice. */
async function afterCut(round: Round, blob: KeptBlob, problem: Unreached): Promise<number> {
  const cuts = round.cuts.get(blob.sha256) ?? 0;
  const pause = AGAIN_MS[cuts];
  if (pause === undefined || problem instanceof Busy || isOffline()) throw problem;
  round.cuts.set(blob.sha256, cuts + 1);
  await new Promise((done) => setTimeout(done, pause));
  // A no to the question is told, with its reason, to the piece itself.
  return standing(round, blob).catch((refusal: unknown) => {
    if (refusal instanceof Refusal && ![401, 403].includes(refusal.status)) return 0;
    throw refusal;
  });
}

async function arrive(db: PersonDb, blob: KeptBlob, offset: number | null): Promise<void> {
  await db.transaction('rw', db.blobs, db.log, async () => {
    await db.blobs.update(blob.sha256, { state: 'arrived', offset: blob.size });
    if (offset !== null) await tellLog(db, 'file_arrived', { name: blob.file_name, size: blob.size });
  });
}

/** Sends one chunk and answers the offset to go on from; nothing where the file is damaged here. */
async function sendChunk(round: Round, blob: Open, offset: number): Promise<number | null> {
  const bytes = await blob.data.slice(offset, offset + round.chunk).arrayBuffer().catch(() => null);
  if (!bytes || bytes.byteLength === 0) return putOff(round, blob, 'file_unreadable');
  const digest = base64(await crypto.subtle.digest('SHA-256', bytes));
  const began = performance.now();
  const headers = { 'Upload-Offset': String(offset), 'Upload-Length': String(blob.size), 'Content-Digest': `sha-256=:${digest}:`, 'Content-Type': 'application/offset+octet-stream' };
  try {
    const answer = await ask(`blobs/${blob.sha256}`, { method: 'PATCH', body: bytes, headers, token: round.who.token, patience_ms: CHUNK_PATIENCE_MS, accept: [409], is_once: true });
    if (answer.status === 409) return offsetOf(answer.headers);
    round.chunk = performance.now() - began < FAST_MS ? Math.min(CHUNK_MAX, round.chunk * 2) : Math.max(CHUNK_MIN, round.chunk / 2);
    return answer.status === 201 ? blob.size : offsetOf(answer.headers);
  } catch (problem) {
    if (problem instanceof Unreached) return afterCut(round, blob, problem);
    if (problem instanceof Refusal && problem.code === 'field.chunk_damaged') return onceMore(round, blob, offset);
    if (problem instanceof Refusal && [413, 415, 422].includes(problem.status)) return fileRefused(round, blob, problem);
    throw problem;
  }
}

/** The server found other bytes: the phone looks at its own first, then begins anew. */
async function fileRefused(round: Round, blob: Open, problem: Refusal): Promise<number | null> {
  const own = problem.status === 422 ? await blob.data.arrayBuffer().catch(() => null) : undefined;
  if (own === null) return putOff(round, blob, 'file_unreadable');
  const isWhole = own !== undefined && (await sha256(own)) === blob.sha256;
  await tellLog(round.db, isWhole ? 'file_again' : 'file_damaged', { name: blob.file_name, text: problem.message });
  if (isWhole) return onceMore(round, blob, 0);
  await round.db.blobs.update(blob.sha256, { state: 'damaged' });
  return null;
}

/** From there once more, but not for ever: whatever damages it on the way costs battery and data. */
async function onceMore(round: Round, blob: KeptBlob, offset: number): Promise<number | null> {
  const damages = (round.damages.get(blob.sha256) ?? 0) + 1;
  round.damages.set(blob.sha256, damages);
  return damages < MOST_DAMAGES ? offset : putOff(round, blob, 'file_later');
}
/** The file waits for a later round; the others go on. */
async function putOff({ db }: Round, blob: KeptBlob, code: string): Promise<null> {
  const tries = (blob.tries ?? 0) + 1;
  await db.blobs.update(blob.sha256, { state: 'kept', tries, next_try_at: Date.now() + backOff(tries + 3) });
  await tellLog(db, code, { name: blob.file_name });
  return null;
}
