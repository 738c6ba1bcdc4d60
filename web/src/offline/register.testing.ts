/** A register for tests: the fake one of the journeys, behind a network that a test can spoil. */
import 'fake-indexeddb/auto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, vi } from 'vitest';

import { serveFake } from '../../e2e/fake-field.mjs';
import { uuid } from './canonical';
import { phone, storeOf, type Enrolment, type Item } from './db';
import { enrolText, makeKeys, publicText, signText } from './keys';
import { keepBlob, record } from './outbox';

vi.setConfig({ testTimeout: 60_000 });
export const SITE = 'site/0190a000-0000-7000-8000-000000000001';
export const OPTIONS = { app_version: 'test', storage: { quota: 1e10, usage: 1, is_persisted: true, is_installed: true } };
type Network = (url: string, go: () => Promise<Response>, init: RequestInit) => Promise<Response>;
const sound: Network = (_, go) => go();
/** What happens to a request on the way; nothing unless a test says so. */
export const way = { network: sound };
export const held = {} as { server: Awaited<ReturnType<typeof serveFake>> };
const outer = globalThis.fetch;

/** Starts and stops the register with the tests of a file. */
export function withRegister(): void {
  let store = '';
  beforeAll(async () => {
    store = mkdtempSync(join(tmpdir(), 'qs-fake-'));
    held.server = await serveFake({ dist: store, store });
    globalThis.fetch = ((path: string, init: RequestInit) => way.network(path, () => outer(new URL(path, held.server.origin), init), init)) as typeof fetch;
  });
  afterAll(async () => {
    await held.server.stop();
    rmSync(store, { recursive: true });
  });
  beforeEach(() => {
    way.network = sound;
    Object.assign(held.server.fake.taps, { disk_full: false, withdrawn: {}, me: {} });
  });
}

export async function enrol(login: string): Promise<Enrolment> {
  const { origin } = held.server;
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) => outer(origin + path, { method: 'POST', body: JSON.stringify(body), headers });
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
export const bytes = (n: number): Blob => new Blob([crypto.getRandomValues(new Uint8Array(Math.min(n, 65_536))), new Uint8Array(Math.max(0, n - 65_536))]);

export async function verify(who: Enrolment, sizes = [3_000, 4_000]): Promise<Item[]> {
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
export const states = async (who: Enrolment): Promise<string[]> => (await storeOf(who.person_id).items.toArray()).map((i) => i.state).sort();
