// @vitest-environment node
import 'fake-indexeddb/auto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';

import { serveFake } from '../../e2e/fake-field.mjs';
import { base64url, uuid } from './canonical';
import { phone, storeOf, type Enrolment } from './db';
import { enrolText, makeKeys, publicText, signText } from './keys';
import { counts, keepBlob, record } from './outbox';
import { currentPack, fetchPack, partOf } from './pack';
import { sealAndLeave, sendParcel } from './rescue';
import { sync } from './sync';

vi.setConfig({ testTimeout: 60_000 });
const SITE = 'site/0190a000-0000-7000-8000-000000000001';
const OPTIONS = { app_version: 'test', storage: { quota: 1e10, usage: 1, is_persisted: true, is_installed: true } };
let server: Awaited<ReturnType<typeof serveFake>>;
let store = '';
const outer = globalThis.fetch;
/** What happens to a request on the way; nothing unless a test says so. */
let network: (url: string, go: () => Promise<Response>) => Promise<Response> = (_, go) => go();

beforeAll(async () => {
  store = mkdtempSync(join(tmpdir(), 'qs-fake-'));
  server = await serveFake({ dist: store, store });
  globalThis.fetch = ((path: string, init: RequestInit) => network(path, () => outer(new URL(path, server.origin), init))) as typeof fetch;
});
afterAll(async () => {
  await server.stop();
  rmSync(store, { recursive: true });
});
beforeEach(() => {
  network = (_, go) => go();
  Object.assign(server.fake.taps, { disk_full: false, withdrawn: {}, me: {} });
});

async function enrol(login: string): Promise<Enrolment> {
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) => outer(server.origin + path, { method: 'POST', body: JSON.stringify(body), headers });
  const signedIn = await post('/api/v1/session', { login, password: 'Qing-Shan-2019-lvdun' });
  const session = (await signedIn.json()) as { csrf_token: string };
  const headers = { Cookie: signedIn.headers.getSetCookie()[0]!.split(';')[0]!, 'X-CSRF-Token': session.csrf_token };
  const [keys, device_id] = [await makeKeys(), uuid()];
  const public_key = await publicText(keys);
  const asked = { device_id, alg: 'ES256', public_key, proof: await signText(keys, enrolText(device_id, session.csrf_token)), app_version: 'test', storage: OPTIONS.storage };
  const answer = await (await post('/api/v1/field/devices', asked, headers)).json();
  const who: Enrolment = { person_id: answer.me.person_id, device_id, keys, public_key, token: answer.token, token_expires_on: answer.token_expires_on, me: answer.me, register: answer.register, enrolled_at: answer.server_time };
  await phone.enrolments.put(who);
  return who;
}
const bytes = (n: number): Blob => new Blob([crypto.getRandomValues(new Uint8Array(Math.min(n, 65_536))), new Uint8Array(Math.max(0, n - 65_536))]);

async function verify(who: Enrolment, sizes = [3_000, 4_000]) {
  const db = storeOf(who.person_id);
  const photos = [];
  for (const size of sizes) photos.push(await keepBlob(db, bytes(size), { media_type: 'image/jpeg', file_name: `${size}.jpg` }));
  const evidence = photos.map((p) => ({ stream: SITE, kind: 'evidence.recorded', title: '照片', blobs: [p.sha256], body: { sha256: p.sha256, size_bytes: p.size, file_name: p.file_name, media_type: p.media_type } }));
  const shas = photos.map((p) => p.sha256);
  return record(who, {
    entries: [...evidence, {
      stream: SITE, kind: 'verification.recorded', title: '核查', blobs: shas, based_on: 17,
      body: { round: 'first', method: 'field', verified_on: '2026-11-26', team: [{ post: '甲' }, { post: '乙' }], lon: 106.53, lat: 35.55, conclusion: 'issue_violation', evidence: shas, facts: {}, basis: {} },
    }],
  });
}
const states = async (who: Enrolment) => (await storeOf(who.person_id).items.toArray()).map((i) => i.state).sort();

test('one act is recorded whole and every receipt is for the bytes that were signed', async () => {
  const who = await enrol('houhe-1');
  const items = await verify(who);
  expect(items.map((i) => i.number)).toEqual([1, 2, 3]);
  expect((await sync(who.person_id, OPTIONS)).state).toBe('done');
  expect(await states(who)).toEqual(['recorded', 'recorded', 'recorded']);
  const told = server.fake.state().items.filter((i: { device_id: string }) => i.device_id === who.device_id);
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
  const before = server.fake.tree.size;
  for (let i = 0; i < 6; i++) await verify(who, [300_000 + i, 700_000 + i]);
  let seed = 7;
  const chance = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  network = async (url, go) => {
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
  expect(server.fake.tree.size - before).toBe(18);
  for (const blob of await db.blobs.toArray()) expect(server.fake.hasBlob(blob.sha256)).toBe(true);
});

test('a register set back to yesterday gets its entries again', async () => {
  const who = await enrol('houhe-1');
  await verify(who);
  await sync(who.person_id, OPTIONS);
  const size = server.fake.tree.size;
  server.fake.forget(2);
  expect(server.fake.tree.size).toBe(size - 2);
  await sync(who.person_id, OPTIONS);
  expect(server.fake.tree.size).toBe(size);
  expect(new Set(await states(who))).toEqual(new Set(['recorded']));
});

test('a full disk stops nothing for ever, an expired login loses nothing', async () => {
  const who = await enrol('houhe-1');
  server.fake.taps.disk_full = true;
  await verify(who);
  await sync(who.person_id, OPTIONS);
  expect((await counts(storeOf(who.person_id))).unsent).toBeGreaterThan(0);
  server.fake.taps.disk_full = false;
  const token = server.fake.tokens.get(who.token)!;
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
  network = async (url, go) => {
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
  server.fake.lock(server.fake.devices.get(who.device_id)!, { reason: 'lost' });
  expect((await sync(who.person_id, OPTIONS)).state).toBe('locked');
  expect(await phone.enrolments.get(who.person_id)).toBeUndefined();
  expect(server.fake.items.get(items[2]!.id)?.state).toBe('recorded');
  expect(base64url(new Uint8Array([255]))).toBe('_w');
});
