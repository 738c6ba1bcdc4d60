// @vitest-environment node
import 'fake-indexeddb/auto';
import { expect, test } from 'vitest';

import { fileTables, keepSetting, phone, setting, storeOf, type Enrolment, type Item, type Parcel, type PersonDb } from './db';
import { counts, keepBlob, keepDraft, keepFixes, Left, record, tidyUp } from './outbox';
import { fetchPack } from './pack';
import { bytes, enrol, held, OPTIONS, SITE, states, verify, way, withRegister } from './register.testing';
import { finishLeaving, leftovers, sealAndLeave, sealUnsent, sendParcels } from './rescue';
import { sync } from './sync';

withRegister();
const DAY = 86_400_000;
const ago = (days: number): string => new Date(Date.now() - days * DAY).toISOString();
const patrolOf = { id: 'patrol', kind: 'patrol' as const, saved_at: ago(0), data: { patrol_id: 'p', track_id: 't' } };
interface Opened { items: { bytes: string }[]; blobs: { sha256: string; bytes: Buffer }[]; fault: string | null }
const { openFile } = (await import(new URL('../../e2e/rescue-file.mjs', import.meta.url).href)) as { openFile: (body: Buffer, key: unknown, point: string, register: string) => Promise<Opened> };
async function opened(parcel: Parcel): Promise<Opened> {
  const { keys, rescueKey } = held.server.fake as unknown as { keys: { rescue: unknown }; rescueKey: string };
  return openFile(Buffer.from(await parcel.bytes.arrayBuffer()), keys.rescue, rescueKey, parcelRegister);
}
let parcelRegister = '';
async function begin(login: string): Promise<Enrolment> {
  await phone.parcels.clear();
  const who = await enrol(login);
  parcelRegister = who.register.name;
  return who;
}
const damaged = (size: number): Blob => Object.assign(new Blob([new Uint8Array(size)]), { slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException('gone', 'NotReadableError')) }) });

test('who leaves takes open sheets, a running patrol and its track along, sealed', async () => {
  const who = await begin('houhe-1');
  const db = storeOf(who.person_id);
  await keepDraft(db, { id: 'v', kind: 'verification', saved_at: ago(0), data: { condition_text: '写了一半' } });
  await keepDraft(db, patrolOf);
  await keepFixes(db, [2, 1].map((t) => ({ track_id: 't', t, line: JSON.stringify([t, 106.5, 35.5, null, 5, null, null]) })));
  expect(await leftovers(db)).toMatchObject({ drafts: 1, is_on_patrol: true });
  const parcel = await sealAndLeave(who);
  const texts = (await opened(parcel!)).blobs.map((b) => b.bytes.toString('utf8'));
  expect(texts.join('')).toContain('写了一半');
  expect(texts.join('')).toContain('"patrol_id":"p"');
  expect(texts.find((x) => !x.includes('draft'))?.split('\n').slice(1, 3)).toEqual(['[1,106.5,35.5,null,5,null,null]', '[2,106.5,35.5,null,5,null,null]']);
  expect(await phone.enrolments.get(who.person_id)).toBeUndefined();
});

test('what is recorded while somebody leaves is in a parcel or was never told as saved', async () => {
  const who = await begin('houhe-2');
  const db = storeOf(who.person_id);
  await verify(who, [2_000_000, 900_000]);
  const entry = (n: number) => ({ stream: SITE, kind: 'site.amended', title: `${n}`, body: { facts: { owner_name: `${n}` } } });
  const kept: Item[] = [];
  let refused = 0;
  const leaving = sealAndLeave(who);
  const late = (async () => {
    for (let n = 0; n < 2_000 && refused === 0; n++, await new Promise((done) => setTimeout(done, 5))) await record(who, { entries: [entry(n)] }).then((items) => kept.push(...items), (problem) => (expect(problem).toBeInstanceOf(Left), (refused += 1)));
  })();
  const photo = keepBlob(db, bytes(5_000), { media_type: 'image/jpeg', file_name: 'late.jpg' }).catch(() => null);
  await leaving;
  await late;
  const late_photo = await photo;
  const files = await Promise.all((await phone.parcels.toArray()).map(opened));
  const ids = new Set(files.flatMap((f) => f.items.map((i) => JSON.parse(i.bytes).id)));
  expect(kept.every((i) => ids.has(i.id))).toBe(true);
  expect(refused).toBeGreaterThan(0);
  if (late_photo) expect(files.flatMap((f) => f.blobs.map((b) => b.sha256))).toContain(late_photo.sha256);
});

test('a page that dies between the seal and the end leaves no key that counts from one again', async () => {
  const who = await begin('houhe-1');
  await verify(who);
  await phone.enrolments.update(who.person_id, { is_leaving: true });
  await expect(verify(who)).rejects.toBeInstanceOf(Left);
  await finishLeaving();
  expect(await phone.enrolments.get(who.person_id)).toBeUndefined();
});

test('a file that cannot be read stops neither the seal nor the sending of the others', async () => {
  const who = await begin('houhe-2');
  const db = storeOf(who.person_id);
  const items = await verify(who);
  const [first] = await db.blobs.toArray();
  db.files.hook('reading', (row) => (row?.sha256 === first!.sha256 ? { ...row, data: damaged(first!.size) } : row));
  const parcel = await sealUnsent(who, 'saved');
  expect([parcel!.items >= items.length, parcel!.files, parcel!.lost]).toEqual([true, 1, [first!.file_name]]);
  expect((await opened(parcel!)).fault).toBeNull();
  expect((await sync(who.person_id, OPTIONS)).state).toBe('done');
  expect((await states(who)).filter((s) => s === 'recorded').length).toBeGreaterThan(0);
  expect((await db.blobs.get(first!.sha256))!.next_try_at).toBeGreaterThan(Date.now());
});

test('an item or a file that the register forgot is sent again', async () => {
  const who = await begin('houhe-1');
  held.server.fake.taps.withdrawn = { [SITE]: '试' };
  const items = await verify(who);
  await sync(who.person_id, OPTIONS);
  expect(new Set(await states(who))).toEqual(new Set(['held']));
  for (const item of items) held.server.fake.items.delete(item.id);
  held.server.fake.taps.withdrawn = {};
  await sync(who.person_id, OPTIONS);
  expect(new Set(await states(who))).toEqual(new Set(['recorded']));
});

test('a restored register is told every receipt, not the newest alone, and none is thrown away before', async () => {
  const who = await begin('houhe-1');
  const db = storeOf(who.person_id);
  await verify(who);
  await sync(who.person_id, OPTIONS);
  const [one] = await db.items.toArray();
  const old = Array.from({ length: 450 }, (_, n) => ({ ...one!, id: `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`, number: 1000 + n, blobs: [], settled_at: ago(9), receipt: { ...one!.receipt!, seq: n } }));
  await db.items.bulkAdd(old);
  await db.settings.delete('compared_at');
  await tidyUp(db, 1e10);
  expect(await db.items.where('number').aboveOrEqual(1000).count()).toBe(450);
  const told = new Set<string>();
  way.network = async (url, go, init) => {
    if (url.endsWith('/contact')) for (const { id } of (JSON.parse(String(init.body)) as { kept: { id: string }[] }).kept) told.add(id);
    const answer = await go();
    // The newest window shows that one is gone; the others are known.
    if (url.endsWith('/contact')) return new Response(JSON.stringify({ ...(await answer.json()), statuses: [], unknown: told.size <= 200 ? [one!.id] : [] }));
    return answer;
  };
  await keepSetting(db, 'compared_at', ago(0));
  await sync(who.person_id, OPTIONS);
  expect(old.every((i) => told.has(i.id))).toBe(true);
  expect(await setting(db, 'is_doubted')).toBe(false);
  expect((await db.items.get(one!.id))?.state).toBe('recorded');
  await db.items.where('number').aboveOrEqual(1000).delete();
});

test('what is on disk is told as saved, also where the canary cannot sing', async () => {
  const who = await begin('houhe-1');
  const full = () => {
    throw new DOMException('full', 'QuotaExceededError');
  };
  Object.assign(globalThis, { localStorage: { getItem: () => null, setItem: full, removeItem: full } });
  try {
    const sheet = { condition_text: '上一张' };
    const [item] = await record(who, { entries: [{ stream: SITE, kind: 'evidence.recorded', title: '甲', body: {} }], settings: { last_sheet: sheet }, draft: patrolOf });
    const db = storeOf(who.person_id);
    expect(await db.items.get(item!.id)).toBeDefined();
    expect([await setting(db, 'last_sheet'), (await db.drafts.get('patrol'))?.data]).toEqual([sheet, patrolOf.data]);
    await db.drafts.clear();
    await db.items.delete(item!.id);
  } finally {
    Reflect.deleteProperty(globalThis, 'localStorage');
  }
});

test('a kind the register does not take yet is kept and offered again, never deleted', async () => {
  const who = await begin('houhe-1');
  const db = storeOf(who.person_id);
  const [item] = await record(who, { entries: [{ stream: 'clue_batch/0190a000-0000-7000-8000-0000000000aa', kind: 'clue.taken_later', title: '线索', body: {} }] });
  await sync(who.person_id, OPTIONS);
  expect((await db.items.get(item!.id))?.code).toBe('field.kind');
  await db.items.update(item!.id, { is_read: 1, settled_at: ago(60) });
  await tidyUp(db, 0);
  const kept = await db.items.get(item!.id);
  expect([kept?.state, kept!.next_try_at > Date.now()]).toEqual(['refused', true]);
  await db.items.update(item!.id, { next_try_at: 0 });
  let sent = 0;
  way.network = async (url, go) => ((sent += url.endsWith('/items') ? 1 : 0), go());
  await sync(who.person_id, OPTIONS);
  expect([sent, (await db.items.get(item!.id))?.is_read]).toEqual([1, 1]);
  await db.items.delete(item!.id);
});

test('a pack part whose last byte came before the cut is taken up without asking for more', async () => {
  const who = await begin('houhe-2');
  way.network = async (url, go) => {
    if (!url.includes('/parts/sites')) return go();
    const answer = await go();
    const all = new Uint8Array(await answer.arrayBuffer());
    let isSent = false;
    return new Response(new ReadableStream({ pull: (c) => (isSent ? c.error(new TypeError('cut')) : (c.enqueue(all), void (isSent = true))) }), { status: answer.status, headers: answer.headers });
  };
  await expect(fetchPack(who)).rejects.toThrow();
  const asked: string[] = [];
  way.network = async (url, go) => (asked.push(url), go());
  expect((await fetchPack(who)).parts.length).toBeGreaterThan(0);
  expect(asked.filter((url) => url.includes('/parts/sites'))).toEqual([]);
});

test('a line that damages every chunk is not tried for ever', async () => {
  const who = await begin('houhe-1');
  await verify(who, [3_500, 4_500]);
  let chunks = 0;
  const said = { code: 'field.chunk_damaged', message: '分块损坏' };
  way.network = async (_, go, init) => (init.method === 'PATCH' ? ((chunks += 1), new Response(JSON.stringify(said), { status: 400 })) : go());
  await sync(who.person_id, OPTIONS);
  expect(chunks).toBe(6);
  way.network = (_, go) => go();
  const db = storeOf(who.person_id);
  await db.blobs.toCollection().modify({ next_try_at: 0 });
  await sync(who.person_id, OPTIONS);
  expect((await counts(db)).unsent).toBe(0);
});

test('a parcel the register refuses waits, and holds up no other', async () => {
  const who = await begin('houhe-1');
  await verify(who, [3_100, 4_100]);
  const parcel = (await sealUnsent(who, 'left'))!;
  const broken = { ...parcel, id: '0', bytes: new Blob(['no rescue file']) };
  await phone.parcels.bulkPut([broken, { ...parcel, id: '1' }]);
  await sendParcels(who);
  const left = await phone.parcels.toArray();
  expect(left.map((p) => [p.id, p.code])).toEqual([['0', 'field.rescue_other_register']]);
  expect(left[0]!.next_try_at).toBeGreaterThan(Date.now());
});

test('files of a parcel that the register does not take stay on the phone', async () => {
  const who = await begin('houhe-1');
  await verify(who, [3_200, 4_200]);
  await phone.parcels.put({ ...(await sealUnsent(who, 'left'))!, id: 'x' });
  way.network = async (url, go) => {
    const answer = await go();
    return url.endsWith('/rescue-files') ? new Response(JSON.stringify({ ...(await answer.json()), blobs_new: 1, blobs_known: 0 })) : answer;
  };
  await sendParcels(who);
  expect((await phone.parcels.get('x'))?.sent_at).toBeDefined();
  await phone.parcels.clear();
});

/** A person whose store holds nothing of an earlier test. */
async function beginEmpty(login: string): Promise<{ who: Enrolment; db: PersonDb }> {
  const who = await begin(login);
  const db = storeOf(who.person_id);
  await Promise.all([db.items, ...fileTables(db), db.drafts, db.fixes, db.log].map((table) => table.clear()));
  return { who, db };
}

test('files that an older build kept in their own row are sent, and sealed, from there', async () => {
  const { who, db } = await beginEmpty('houhe-1');
  await verify(who, [3_200, 4_200]);
  for (const file of await db.files.toArray()) await db.blobs.update(file.sha256, { data: file.data });
  await db.files.clear();
  const parcel = await sealUnsent(who, 'saved');
  expect([parcel!.files, parcel!.lost]).toEqual([2, undefined]);
  expect((await sync(who.person_id, OPTIONS)).state).toBe('done');
  expect((await counts(db)).unsent).toBe(0);
});

test('a file whose bytes are gone is told, and holds up no other', async () => {
  const { who, db } = await beginEmpty('houhe-1');
  await verify(who, [3_300, 4_300]);
  const [first] = await db.blobs.toArray();
  await db.files.delete(first!.sha256);
  expect((await sealUnsent(who, 'saved'))!.lost).toEqual([first!.file_name]);
  await sync(who.person_id, OPTIONS);
  expect((await db.log.toArray()).map((line) => line.code)).toContain('file_unreadable');
  expect((await db.blobs.toArray()).filter((b) => b.state === 'arrived')).toHaveLength(1);
});

test('however many items are open, no address grows beyond what proxies take', async () => {
  const { who, db } = await beginEmpty('houhe-1');
  held.server.fake.taps.withdrawn = { [SITE]: '试' };
  for (let i = 0; i < 80; i++) await verify(who, [3_400 + i, 4_400 + i]);
  const asked: string[] = [];
  way.network = (url, go) => (asked.push(url), go());
  await sync(who.person_id, OPTIONS);
  expect((await counts(db)).by_state.held).toBeGreaterThan(200);
  expect(asked.some((url) => url.includes('?ids='))).toBe(true);
  expect(Math.max(...asked.map((url) => url.length))).toBeLessThan(4_000);
});

test('where only the answer was lost, no byte of a file is sent twice', async () => {
  const { who, db } = await beginEmpty('houhe-1');
  await verify(who, [300_000, 400_000]);
  let [sent, lost] = [0, 0];
  way.network = async (_, go, init) => {
    const answer = await go();
    if (init.method !== 'PATCH') return answer;
    sent += (init.body as ArrayBuffer).byteLength;
    if ((lost += 1) % 2 === 1) throw new TypeError('cut after');
    return answer;
  };
  expect((await sync(who.person_id, OPTIONS)).state).toBe('done');
  expect((await counts(db)).unsent).toBe(0);
  expect([sent, lost > 1]).toEqual([700_000, true]);
});
