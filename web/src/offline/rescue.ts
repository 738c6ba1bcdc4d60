/** 救援文件 — what was not sent, sealed for the register alone: by cable, by a colleague's phone, or when a phone is locked. */
import type { RescueReport } from '@/api/field';

import { base64url, fromBase64url, randomHex, sha256, utf8 } from './canonical';
import { dropStore, phone, storeOf, type Enrolment, type Item, type KeptBlob, type Parcel, type PersonDb } from './db';
import { ask, Unreached } from './http';
import { dropCanary } from './outbox';
import { joined, sealTo, type Context } from './seal';
import type { SyncReport } from './sync';

export const MAGIC = 'QSRESCUE1\n';
const FRAME = 1024 * 1024;
export const MEDIA = 'application/x-qingshan-rescue';
const SEND_PATIENCE_MS = 600_000;

/** Frames of the file: their length in four bytes, then what only the register can read. */
async function* frames(context: Context, aad: Uint8Array<ArrayBuffer>, items: Item[], blobs: KeptBlob[]): AsyncGenerator<BlobPart> {
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
  for (const blob of blobs) {
    yield frame(utf8(JSON.stringify({ blob: blob.sha256, size: blob.size })));
    for (let at = 0; at < blob.size; at += FRAME) yield frame(new Uint8Array(await blob.data.slice(at, at + FRAME).arrayBuffer()));
  }
  const end = utf8(JSON.stringify({ end: n, sha256: await sha256(joined(...seen)) }));
  yield frame(end);
}

/** Seals items and the files they name. */
export async function seal(who: Enrolment, items: Item[], blobs: KeptBlob[]): Promise<Blob> {
  const key = fromBase64url(who.register.rescue_key);
  const context = await sealTo(key);
  const header = JSON.stringify({
    register: who.register.name, rescue_key_sha256: await sha256(key), device_id: who.device_id, person_id: who.person_id, sealed_at: new Date().toISOString(),
    parts: items.length + blobs.length, kem: 'DHKEM(P-256,HKDF-SHA256)', aead: 'AES-256-GCM', enc: base64url(context.enc),
  });
  const parts: BlobPart[] = [MAGIC, header, '\n'];
  for await (const part of frames(context, utf8(header), items, blobs)) parts.push(new Blob([part]));
  return new Blob(parts, { type: MEDIA });
}

/** All that has no receipt yet: items, their files, and files that no item names. */
export async function unsent(db: PersonDb): Promise<{ items: Item[]; blobs: KeptBlob[] }> {
  const items = (await db.items.toArray()).filter((i) => i.state !== 'recorded').sort((a, b) => a.number - b.number);
  const named = new Set(items.flatMap((i) => i.blobs));
  return { items, blobs: (await db.blobs.toArray()).filter((b) => (named.has(b.sha256) || b.of.length === 0) && b.data.size > 0) };
}

export async function sealUnsent(who: Enrolment, why: Parcel['why']): Promise<Parcel | null> {
  const { items, blobs } = await unsent(storeOf(who.person_id));
  if (items.length + blobs.length === 0) return null;
  const bytes = await seal(who, items, blobs);
  return { id: randomHex(8), person_label: `${who.me.name} · ${who.me.unit}`, sealed_at: new Date().toISOString(), size: bytes.size, items: items.length, bytes, why };
}

export const fileName = (parcel: { sealed_at: string }): string => `qingshan-${parcel.sealed_at.slice(0, 16).replaceAll(/\D/g, '')}.qsr`;

/** Seals what is unsent into the phone's shared store, then takes the person's own store away: in this order. */
export async function sealAndLeave(who: Enrolment, why: Parcel['why'] = 'left'): Promise<Parcel | null> {
  const parcel = await sealUnsent(who, why);
  if (parcel) await phone.parcels.put(parcel);
  await dropStore(who.person_id);
  if (why === 'left') await phone.enrolments.delete(who.person_id);
  dropCanary();
  return parcel;
}

export async function sendParcel(parcel: Parcel, token: string): Promise<RescueReport> {
  const answer = await ask('rescue-files', { method: 'POST', body: parcel.bytes, token, headers: { 'Content-Type': MEDIA }, patience_ms: SEND_PATIENCE_MS });
  const report = (await answer.json().catch(() => null)) as RescueReport | null;
  if (!report) throw new Unreached('half an answer');
  await phone.parcels.delete(parcel.id);
  return report;
}
/** Hands over sealed work of whoever used this phone before; it goes out under its author's name. */
export async function sendParcels(who: Enrolment): Promise<void> {
  for (const parcel of await phone.parcels.toArray()) if (parcel.why !== 'saved') await sendParcel(parcel, who.token);
}

/** 锁定 — everything unsent is sealed and handed over, then the phone is emptied of this person. */
export async function lockDown(who: Enrolment): Promise<SyncReport> {
  await sealAndLeave(who, 'locked');
  try {
    await sendParcels(who);
  } catch {
    return { state: 'locked' };
  }
  await phone.settings.put({ key: 'locked_note', value: { text: who.locked?.text ?? '', at: new Date().toISOString() } });
  await phone.enrolments.delete(who.person_id);
  return { state: 'locked' };
}
