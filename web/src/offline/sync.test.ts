// @vitest-environment node
import 'fake-indexeddb/auto';
import { expect, test } from 'vitest';

import { base64url } from './canonical';
import { phone, storeOf } from './db';
import { counts } from './outbox';
import { currentPack, fetchPack, partOf } from './pack';
import { enrol, held, OPTIONS, states, verify, way, withRegister } from './register.testing';
import { sealAndLeave, sendParcel } from './rescue';
import { sync } from './sync';

withRegister();

test('one act is recorded whole and every receipt is for the bytes that were signed', async () => {
  const who = await enrol('houhe-1');
  const items = await verify(who);
  expect(items.map((i) => i.number)).toEqual([1, 2, 3]);
  expect((await sync(who.person_id, OPTIONS)).state).toBe('done');
  expect(await states(who)).toEqual(['recorded', 'recorded', 'recorded']);
  const told = held.server.fake.state().items.filter((i: { device_id: string }) => i.device_id === who.device_id);
  expect(told).toHaveLength(3);
  expect(told.every((i: { state: string }) => i.state === 'recorded')).toBe(true);
  expect((await counts(storeOf(who.person_id))).unsent).toBe(0);
  expect((await phone.enrolments.get(who.person_id))?.is_expired).toBe(false);
});

test('a changed letter in what was signed is refused and stays on the phone', async () => {
  const who = await enrol('houhe-2');
  const [first] = await verify(who);
  const db = storeOf(who.person_id);
  await db.items.update(first!.id, { bytes: first!.bytes.replace('.jpg', '.png') });
  await sync(who.person_id, OPTIONS);
  const item = await db.items.get(first!.id);
  expect([item?.state, item?.code]).toEqual(['refused', 'field.bad_stamp']);
  expect((await db.items.toArray()).filter((i) => i.state === 'held')).toHaveLength(1);
});

test('cuts, half answers and repeats lose nothing and double nothing', async () => {
  const who = await enrol('houhe-1');
  const before = held.server.fake.tree.size;
  for (let i = 0; i < 6; i++) await verify(who, [300_000 + i, 700_000 + i]);
  let seed = 7;
  const chance = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  way.network = async (url, go) => {
    const luck = chance();
    if (luck < 0.15) throw new TypeError('cut before');
    if (luck < 0.3) {
      await go();
      throw new TypeError('cut after');
    }
    if (luck < 0.4 && url.endsWith('/items')) {
      await go();
      return new Response('{"results":[', { status: 200 });
    }
    return go();
  };
  const db = storeOf(who.person_id);
  for (let i = 0; i < 40 && (await counts(db)).unsent > 0; i++) {
    await db.items.toCollection().modify({ next_try_at: 0 });
    await sync(who.person_id, OPTIONS);
  }
  expect((await counts(db)).unsent).toBe(0);
  expect(held.server.fake.tree.size - before).toBe(18);
  for (const blob of await db.blobs.toArray()) expect(held.server.fake.hasBlob(blob.sha256)).toBe(true);
});

test('a register set back to yesterday gets its entries again', async () => {
  const who = await enrol('houhe-1');
  await verify(who);
  await sync(who.person_id, OPTIONS);
  const size = held.server.fake.tree.size;
  held.server.fake.forget(2);
  expect(held.server.fake.tree.size).toBe(size - 2);
  await sync(who.person_id, OPTIONS);
  expect(held.server.fake.tree.size).toBe(size);
  expect(new Set(await states(who))).toEqual(new Set(['recorded']));
});

test('a full disk stops nothing for ever, an expired login loses nothing', async () => {
  const who = await enrol('houhe-1');
  held.server.fake.taps.disk_full = true;
  await verify(who);
  await sync(who.person_id, OPTIONS);
  expect((await counts(storeOf(who.person_id))).unsent).toBeGreaterThan(0);
  held.server.fake.taps.disk_full = false;
  const token = held.server.fake.tokens.get(who.token)!;
  token.expires = 0;
  expect((await sync(who.person_id, OPTIONS)).state).toBe('expired');
  token.expires = Date.now() + 1e6;
  expect((await sync(who.person_id, OPTIONS)).state).toBe('done');
  expect((await counts(storeOf(who.person_id))).unsent).toBe(0);
});

test('the pack comes whole, is taken up after a cut, and holds one’s own station only', async () => {
  const who = await enrol('houhe-1');
  const db = storeOf(who.person_id);
  let n = 0;
  way.network = async (url, go) => {
    if (!url.includes('/parts/') || (n += 1) % 2 === 0) return go();
    const answer = await go();
    const all = new Uint8Array(await answer.arrayBuffer());
    let sent = false;
    const stream = new ReadableStream({ pull: (c) => (sent ? c.error(new TypeError('cut')) : (c.enqueue(all.slice(0, 100)), void (sent = true))) });
    return new Response(stream, { status: answer.status, headers: answer.headers });
  };
  for (let i = 0; i < 40 && !(await currentPack(db)); i++) await fetchPack(who).catch(() => undefined);
  const sites = await partOf(db, 'sites');
  expect(sites?.items.map((s) => s.site_code)).toEqual(['HH-2019-001', 'HH-2019-002', 'HH-2019-003', 'HH-2019-004']);
  const all = await Promise.all((await db.pack_parts.toArray()).map((p) => p.data.text()));
  expect(all.join('')).not.toContain('麻武');
});

test('a part that may be missing holds up no pack, and comes the next time', async () => {
  const who = await enrol('mawu-1');
  const db = storeOf(who.person_id);
  way.network = (url, go) => (url.includes('/parts/pictures') ? Promise.reject(new TypeError('cut')) : go());
  const first = await fetchPack(who);
  expect(first.parts.filter((p) => p.is_optional).map((p) => p.name)).toEqual(['relief', 'pictures']);
  expect([await partOf(db, 'sites'), await partOf(db, 'pictures'), await partOf(db, 'relief')].map((p) => p !== null)).toEqual([true, false, true]);
  way.network = (_, go) => go();
  expect((await fetchPack(who)).version).toBe(first.version);
  expect((await partOf(db, 'pictures'))?.items).toHaveLength(2);
});

test('work of a person who leaves is sealed and goes out under their name by another', async () => {
  const first = await enrol('houhe-2');
  const items = await verify(first);
  const parcel = await sealAndLeave(first);
  expect(parcel!.items).toBeGreaterThanOrEqual(3);
  const text = Buffer.from(await parcel!.bytes.arrayBuffer()).toString('latin1');
  expect(text).not.toContain('issue_violation');
  const second = await enrol('houhe-1');
  const report = await sendParcel(parcel!, second.token);
  expect(report.items.filter((i) => items.some((x) => x.id === i.id)).every((i) => i.state === 'recorded')).toBe(true);
  expect(report.device_id).toBe(first.device_id);
  expect(await phone.parcels.count()).toBe(0);
});

test('a locked phone hands over what it has and is empty then', async () => {
  const who = await enrol('houhe-1');
  const items = await verify(who);
  held.server.fake.lock(held.server.fake.devices.get(who.device_id)!, { reason: 'lost' });
  expect((await sync(who.person_id, OPTIONS)).state).toBe('locked');
  expect(await phone.enrolments.get(who.person_id)).toBeUndefined();
  expect(held.server.fake.items.get(items[2]!.id)?.state).toBe('recorded');
  expect(base64url(new Uint8Array([255]))).toBe('_w');
});
