/** 救援文件 — what was not sent, sealed for the register alone: by cable, by a colleague's phone, or when a phone is locked. */
import type { RescueReport } from '@/api/field';

import { base64url, fromBase64url, randomHex, sha256, utf8 } from './canonical';
import { dropStore, fileOf, fileTables, keepSetting, phone, storeOf, type Draft, type Enrolment, type Fix, type Item, type KeptBlob, type Parcel, type PersonDb } from './db';
import { ask, Refusal, Unreached } from './http';
import { signText } from './keys';
import { canary, dropCanary, keeping, NoRoom } from './outbox';
import { joined, sealTo, type Context } from './seal';
import type { SyncReport } from './sync';
import { trackFile } from './track-file';
import { alone } from './turn';

export const MAGIC = 'QSRESCUE1\n';
const FRAME = 1024 * 1024;
export const MEDIA = 'application/x-qingshan-rescue';
const SEND_PATIENCE_MS = 600_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const EACH_MS = 60_000;

/** A file to be sealed. */
interface Packed { sha256: string; size: number; file_name: string; data?: Blob }
/** What became of the files on the way into the seal. */
interface Sealed { bytes: Blob; files: number; lost: string[] }

const pieceOf = (file: Packed, at: number): Promise<ArrayBuffer | null> => file.data?.slice(at, at + FRAME).arrayBuffer().catch(() => null) ?? Promise.resolve(null);

/** Frames of the file: their length in four bytes, then what only the register can read. */
async function* frames(context: Context, aad: Uint8Array<ArrayBuffer>, items: Item[], files: Packed[], told: Sealed): AsyncGenerator<BlobPart> {
  let n = 0;
  // The end frame names the hash of all plain bytes, so that nothing can be left out.
  const seen: Uint8Array[] = [];
  const frame = async (plain: Uint8Array<ArrayBuffer>): Promise<BlobPart> => {
    const sealed = await context.seal(aad, plain);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, sealed.length);
    seen.push(utf8(await sha256(plain)));
    n += 1;
    return joined(length, sealed);
  };
  for (const item of items) {
    yield frame(utf8(JSON.stringify({ item: { bytes: item.bytes, based_on: item.based_on, after: item.after, blobs: item.blobs } })));
  }
  for (const file of files) {
    let piece = await pieceOf(file, 0);
    let isWhole = piece !== null;
    // One file that the browser cannot read any more stops neither the others nor the leaving.
    if (piece) yield frame(utf8(JSON.stringify({ blob: file.sha256, size: file.size })));
    for (let at = 0; piece && at < file.size; at += FRAME) {
      const length = Math.min(FRAME, file.size - at);
      const read: ArrayBuffer | null = at === 0 ? piece : await pieceOf(file, at);
      // The rest of a file that breaks off is filled up: its hash tells the register that it is none.
      isWhole &&= read !== null && read.byteLength === length;
      yield frame(read?.byteLength === length ? new Uint8Array(read) : new Uint8Array(length));
    }
    piece = null;
    if (isWhole) told.files += 1;
    else told.lost.push(file.file_name);
  }
  const end = utf8(JSON.stringify({ end: n, sha256: await sha256(joined(...seen)) }));
  yield frame(end);
}

/** Seals items and the files they name. */
async function seal(who: Enrolment, items: Item[], files: Packed[]): Promise<Sealed> {
  const key = fromBase64url(who.register.rescue_key);
  const context = await sealTo(key);
  const { device_id, person_id } = who;
  const [sealed_at, enc] = [new Date().toISOString(), base64url(context.enc)];
  const header = JSON.stringify({
    register: who.register.name, rescue_key_sha256: await sha256(key), device_id, person_id, sealed_at, parts: items.length + files.length, kem: 'DHKEM(P-256,HKDF-SHA256)', aead: 'AES-256-GCM', enc,
    signature: await signText(who.keys, `qingshan-rescue-v1\n${device_id}\n${sealed_at}\n${enc}`),
  });
  const told: Sealed = { bytes: new Blob([]), files: 0, lost: [] };
  const parts: BlobPart[] = [MAGIC, header, '\n'];
  for await (const part of frames(context, utf8(header), items, files, told)) parts.push(new Blob([part]));
  return { ...told, bytes: new Blob(parts, { type: MEDIA }) };
}

interface Unsent { items: Item[]; blobs: KeptBlob[]; drafts: Draft[]; fixes: Fix[] }
/** All that has no receipt yet: items, their files, files that no item names, open sheets, a patrol that runs and its track. */
export async function unsent(db: PersonDb): Promise<Unsent> {
  const items = (await db.items.toArray()).filter((i) => i.state !== 'recorded').sort((a, b) => a.number - b.number);
  const named = new Set(items.flatMap((i) => i.blobs));
  const blobs = (await db.blobs.toArray()).filter((b) => (named.has(b.sha256) || b.of.length === 0) && b.size > 0);
  return { items, blobs, drafts: await db.drafts.toArray(), fixes: await db.fixes.toArray() };
}

/** What somebody leaves behind besides entries: they are asked about it before they go. */
export async function leftovers(db: PersonDb): Promise<{ drafts: number; files: number; refused: number; is_on_patrol: boolean }> {
  const { items, blobs, drafts } = await unsent(db);
  return {
    drafts: drafts.filter((d) => d.kind !== 'patrol').length, files: blobs.filter((b) => b.of.length === 0).length,
    refused: items.filter((i) => i.state === 'refused').length, is_on_patrol: drafts.some((d) => d.kind === 'patrol'),
  };
}

async function packed(data: Blob, file_name: string): Promise<Packed> {
  return { data, file_name, size: data.size, sha256: await sha256(await data.arrayBuffer()) };
}
/** Open sheets as one file of lines, and each track as a track file that can be imported. */
async function unfinished(who: Enrolment, { drafts, fixes }: Unsent): Promise<Packed[]> {
  const head = { device_id: who.device_id, session: 'sealed' };
  const files: Packed[] = [];
  if (drafts.length > 0) {
    const lines = [{ v: 1, drafts_of: who.person_id, ...head }, ...drafts.map((draft) => ({ draft }))];
    files.push(await packed(new Blob(lines.map((l) => `${JSON.stringify(l)}\n`), { type: 'application/x-ndjson' }), 'drafts.ndjson'));
  }
  for (const track of new Set(fixes.map((f) => f.track_id))) {
    const lines = fixes.filter((f) => f.track_id === track).sort((a, b) => a.t - b.t).map((f) => f.line);
    files.push(await packed(trackFile(head, lines), `track-${track.slice(0, 8)}.ndjson`));
  }
  return files;
}

async function parcelOf(who: Enrolment, found: Unsent, why: Parcel['why']): Promise<Parcel> {
  const db = storeOf(who.person_id);
  const kept = await Promise.all(found.blobs.map(async (blob): Promise<Packed> => ({ ...blob, data: await fileOf(db, blob) })));
  const { bytes, files, lost } = await seal(who, found.items, [...kept, ...(await unfinished(who, found))]);
  return {
    id: randomHex(8), person_id: who.person_id, person_label: `${who.me.name} · ${who.me.unit}`, sealed_at: new Date().toISOString(), size: bytes.size, items: found.items.length, bytes, why, files,
    ...(lost.length > 0 ? { lost } : {}),
  };
}
const isNothing = (found: Unsent): boolean => Object.values(found).every((rows: unknown[]) => rows.length === 0);

export async function sealUnsent(who: Enrolment, why: Parcel['why']): Promise<Parcel | null> {
  const found = await unsent(storeOf(who.person_id));
  return isNothing(found) ? null : parcelOf(who, found, why);
}

export const fileName = (parcel: { sealed_at: string }): string => `qingshan-${parcel.sealed_at.slice(0, 16).replaceAll(/\D/g, '')}.qsr`;

/* Leaving */

type Leaver = (person_id: string) => Promise<void>;
const leavers = new Set<Leaver>();
/** What a screen still holds in memory of a person goes into their store before it is sealed. */
export const beforeLeaving = (work: Leaver): void => void leavers.add(work);

/** Rows by what they say, so that one that was changed since is another. */
const marks = ({ items, blobs, drafts, fixes }: Unsent): Map<unknown, string> =>
  new Map<unknown, string>([
    ...items.map((i) => [i, `item ${i.id}`] as const), ...blobs.map((b) => [b, `file ${b.sha256}`] as const),
    ...drafts.map((d) => [d, `draft ${JSON.stringify(d)}`] as const), ...fixes.map((f) => [f, `fix ${f.track_id} ${f.t}`] as const),
  ]);

/** Takes away what is sealed, in one step with a last look: whatever came meanwhile is left for another parcel. */
async function clearSealed(db: PersonDb, sealed: Set<string>): Promise<boolean> {
  return db.transaction('rw', [db.items, ...fileTables(db), db.drafts, db.fixes], async () => {
    if ([...marks(await unsent(db)).values()].some((mark) => !sealed.has(mark))) return false;
    await Promise.all([db.items, ...fileTables(db), db.drafts, db.fixes].map((table) => table.clear()));
    return true;
  });
}

const MOST_PARCELS = 20;
/** Seals until nothing is left that is not sealed, then empties the store. Under `qs-sign`: nobody records meanwhile. */
async function sealAll(who: Enrolment, why: Parcel['why'], keep: (parcel: Parcel) => Promise<void>): Promise<Parcel[]> {
  const db = storeOf(who.person_id);
  const [parcels, sealed]: [Parcel[], Set<string>] = [[], new Set()];
  try {
    for (;;) {
      const found = await unsent(db);
      const known = marks(found);
      const isFresh = (row: unknown): boolean => !sealed.has(known.get(row)!);
      const fresh: Unsent = { items: found.items.filter(isFresh), blobs: found.blobs.filter(isFresh), drafts: found.drafts.filter(isFresh), fixes: found.fixes.filter(isFresh) };
      if (isNothing(fresh) && (await clearSealed(db, sealed))) return parcels;
      if (parcels.length >= MOST_PARCELS) throw new Error('something goes on being recorded');
      if (isNothing(fresh)) continue;
      const parcel = await parcelOf(who, fresh, why);
      await keep(parcel);
      parcels.push(parcel);
      for (const mark of marks(fresh).values()) sealed.add(mark);
    }
  } catch (problem) {
    // The store is whole still, so nothing needs to lie here twice.
    await phone.parcels.bulkDelete(parcels.map((p) => p.id));
    throw problem;
  }
}

/** Empties the phone of a person's work; what a page that dies in between leaves is finished by `finishLeaving`. */
async function empty(who: Enrolment, why: Parcel['why'], keep: (parcel: Parcel) => Promise<void>): Promise<Parcel[]> {
  for (const leaver of leavers) await leaver(who.person_id);
  return alone('qs-sign', async () => {
    const isSealed = (await phone.enrolments.get(who.person_id))?.is_leaving;
    const parcels = isSealed ? [] : await sealAll(who, why, keep);
    // Marked before the store with its numbers goes: the same key must never count from one again.
    await phone.enrolments.update(who.person_id, { is_leaving: true });
    await dropStore(who.person_id);
    if (canary()?.person_id === who.person_id) dropCanary();
    return parcels;
  });
}
const keepParcel = async (parcel: Parcel): Promise<void> => void (await keeping(() => phone.parcels.put(parcel)));

/** Seals what is unsent into the phone's shared store, then takes the person's own store away: in this order, and nobody sends or records meanwhile. */
export async function sealAndLeave(who: Enrolment): Promise<Parcel | null> {
  if (!who.is_leaving) await keepSetting(storeOf(who.person_id), 'leaving_at', Date.now());
  return alone('qs-sync', async () => {
    if (!who.is_leaving) await storeOf(who.person_id).settings.delete('leaving_at');
    const parcels = await empty(who, 'left', keepParcel);
    await phone.enrolments.delete(who.person_id);
    return parcels[0] ?? null;
  });
}
/** A page died while somebody left: all was sealed, only the store is still there. */
export async function finishLeaving(): Promise<void> {
  for (const who of await phone.enrolments.toArray()) if (who.is_leaving && !who.locked) await sealAndLeave(who);
}

/* Handing over */

async function handOver(parcel: Parcel, token: string): Promise<RescueReport> {
  const answer = await ask('rescue-files', { method: 'POST', body: parcel.bytes, token, headers: { 'Content-Type': MEDIA }, patience_ms: SEND_PATIENCE_MS });
  const report = (await answer.json().catch(() => null)) as RescueReport | null;
  if (!report) throw new Unreached('half an answer');
  return report;
}
/** Whether the register has every file of a parcel; one that it does not take is nowhere else. */
const isWholeThere = (parcel: Parcel, report: RescueReport): boolean => report.blobs_new + report.blobs_known >= (parcel.files ?? 0);

/** Hands a parcel over; it stays on the phone where the register did not take all of it. */
export async function sendParcel(parcel: Parcel, token: string): Promise<RescueReport> {
  const report = await handOver(parcel, token);
  if (isWholeThere(parcel, report)) await phone.parcels.delete(parcel.id);
  else await phone.parcels.update(parcel.id, { sent_at: new Date().toISOString(), code: 'field.file_kind', next_try_at: Date.now() + 7 * DAY_MS });
  return report;
}
/** Hands over sealed work of whoever used this phone before; it goes out under its author's name. One that is not taken holds up no other. */
export async function sendParcels(who: Enrolment): Promise<void> {
  for (const parcel of await phone.parcels.toArray()) {
    if (parcel.why === 'saved' || (parcel.next_try_at ?? 0) > Date.now()) continue;
    try {
      await sendParcel(parcel, who.token);
    } catch (problem) {
      if (!(problem instanceof Refusal) || problem.status === 401 || problem.status === 403) throw problem;
      const tries = (parcel.tries ?? 0) + 1;
      await phone.parcels.update(parcel.id, { tries, code: problem.code, text: problem.message, next_try_at: Date.now() + Math.min(DAY_MS, HOUR_MS * 2 ** (tries - 1)) });
    }
  }
}

/** 锁定 — everything unsent is sealed and handed over, then the phone is emptied of this person. Runs within a sync. */
export async function lockDown(who: Enrolment): Promise<SyncReport> {
  try {
    // A full phone has no room for a second copy: it is handed over at once instead.
    await empty(who, 'locked', (parcel) => keepParcel(parcel).catch(async (problem) => {
      if (!(problem instanceof NoRoom) || !isWholeThere(parcel, await handOver(parcel, who.token))) throw problem;
    }));
    await sendParcels(who);
  } catch (problem) {
    console.warn(problem);
    return { state: 'locked', wait_ms: problem instanceof NoRoom || problem instanceof Refusal ? HOUR_MS : EACH_MS };
  }
  // The token is the only thing that may hand them over.
  if ((await phone.parcels.toArray()).some((p) => p.why === 'locked' && p.person_id === who.person_id && !p.sent_at)) return { state: 'locked', wait_ms: EACH_MS };
  await phone.settings.put({ key: 'locked_note', value: { at: new Date().toISOString() } });
  await phone.enrolments.delete(who.person_id);
  return { state: 'locked' };
}
