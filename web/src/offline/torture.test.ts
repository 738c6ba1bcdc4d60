// @vitest-environment node
/** The torture cases of sync that the phone's own code must bear; the table of all is in `crates/e2e/tests/field_torture.rs`. */
import 'fake-indexeddb/auto';
import { afterEach, expect, test, vi } from 'vitest';

import { keepSetting, phone, storeOf, type Enrolment, type PersonDb } from './db';
import { startEngine } from './engine';
import { counts, keepBlob, record, unsentByKind, type EntryDraft } from './outbox';
import { bytes, enrol, held, OPTIONS, SITE, states, verify, way, withRegister } from './register.testing';
import { sync, type SyncReport } from './sync';

withRegister();
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const cut = (): never => {
  throw new TypeError('cut');
};
/** The same dice in every run. */
function dice(seed: number): () => number {
  let at = seed;
  return () => (at = (at * 16_807) % 2_147_483_647) / 2_147_483_647;
}
const note = (title: string): EntryDraft => ({ stream: SITE, kind: 'evidence.recorded', title, body: { note: title } });
/** A person whose store holds nothing of an earlier test. */
async function begin(login: string): Promise<{ who: Enrolment; db: PersonDb }> {
  const who = await enrol(login);
  const db = storeOf(who.person_id);
  await db.transaction('rw', [db.items, db.blobs, db.drafts, db.log], () => Promise.all([db.items, db.blobs, db.drafts, db.log].map((table) => table.clear())));
  await keepSetting(db, 'is_paused', false);
  return { who, db };
}
/** What is put off for later is due now. */
async function isDue(db: PersonDb): Promise<void> {
  await db.items.toCollection().modify({ next_try_at: 0 });
  await db.blobs.toCollection().modify({ next_try_at: 0 });
}
/** What the fake register has besides, for these tests alone. */
interface Inner {
  keep: (event: unknown) => void;
  apply: (event: unknown) => void;
  status: (item: unknown) => { code?: string; waits?: { have: number; need: number } };
  newToken: (device: unknown) => { token: string; token_expires_on: string };
}
const inner = (): Inner => held.server.fake as unknown as Inner;
/** What the register keeps is not what is tried here: its disk need not be waited for. */
function isQuick(): void {
  const fake = inner();
  vi.spyOn(fake, 'keep').mockImplementation((event) => fake.apply(event));
}
const inLog = (who: Enrolment): string[] => held.server.fake.state().items.filter((i: { device_id: string; state: string }) => i.device_id === who.device_id && i.state === 'recorded').map((i: { id: string }) => i.id);

test('S2 a register that dies between upload and append: items stay to be sent, nothing is removed, the person is told', async () => {
  const { who, db } = await begin('houhe-1');
  const items = await verify(who);
  // Files arrive; the entries meet a register that is no more, also when it is asked again.
  way.network = (url, go, init) => (url.endsWith('/items') && init.method === 'POST' ? cut() : go());
  expect((await sync(who.person_id, OPTIONS)).state).toBe('unreached');
  expect(await states(who)).toEqual(['waiting', 'waiting', 'waiting']);
  expect((await counts(db)).unsent).toBe(3);
  expect(await db.blobs.count()).toBe(2);
  // It took the entries and died before it could say so: still nothing is taken for done.
  way.network = async (url, go, init) => (url.endsWith('/items') && init.method === 'POST' ? (await go(), cut()) : go());
  expect((await sync(who.person_id, OPTIONS)).state).toBe('unreached');
  expect(await states(who)).toEqual(['waiting', 'waiting', 'waiting']);
  way.network = (_, go) => go();
  expect((await sync(who.person_id, OPTIONS)).state).toBe('done');
  expect(await states(who)).toEqual(['recorded', 'recorded', 'recorded']);
  expect(inLog(who).sort()).toEqual(items.map((i) => i.id).sort());
});

test('S6 a cut inside each photo: both sides say two of five, and the originals stay until their hash came back', async () => {
  const { who, db } = await begin('houhe-2');
  // More than the longest piece, so that each is cut inside.
  const sizes = [1, 2, 3, 4, 5].map((n) => 1_200_000 + n);
  const items = await verify(who, sizes);
  const last = items.at(-1)!;
  const arrived = (): number => last.blobs.filter((sha) => held.server.fake.hasBlob(sha)).length;
  const cuts = new Map<string, number>();
  let [turn, most] = [Promise.resolve<unknown>(null), 2];
  way.network = (url, go, init) => {
    if (init.method !== 'PATCH') return go();
    // One at a time: after two files the line is down for files, and every file is cut once after its first piece, also when it is tried again at once.
    const own = turn.then(() => {
      const offset = Number((init.headers as Record<string, string>)['Upload-Offset']);
      const times = cuts.get(url) ?? 0;
      if (arrived() >= most) return cut();
      if (offset === 0 || times >= 3) return go();
      cuts.set(url, times + 1);
      return cut();
    });
    turn = own.catch(() => null);
    return own;
  };
  for (let i = 0; i < 8 && arrived() < 2; i++) {
    await isDue(db);
    expect((await sync(who.person_id, OPTIONS)).state).toBe('unreached');
  }
  await sync(who.person_id, OPTIONS);
  const told = inner().status(held.server.fake.items.get(last.id));
  const kept = await db.items.get(last.id);
  expect([told.code, told.waits?.have, told.waits?.need]).toEqual(['field.awaits_blobs', 2, 5]);
  expect([kept?.state, kept?.status?.waits?.have, kept?.status?.waits?.need]).toEqual(['held', 2, 5]);
  const blobs = await db.blobs.bulkGet(last.blobs);
  expect(blobs.filter((b) => b?.state === 'arrived')).toHaveLength(2);
  expect((await db.files.bulkGet(last.blobs)).map((f) => f?.data.size)).toEqual(sizes);
  expect(blobs.map((b) => b?.size)).toEqual(sizes);
  most = 5;
  for (let i = 0; i < 8 && (await counts(db)).unsent > 0; i++) {
    await isDue(db);
    await sync(who.person_id, OPTIONS);
  }
  expect(new Set(await states(who))).toEqual(new Set(['recorded']));
  expect([...cuts.values()]).toEqual([3, 3, 3, 3, 3]);
});

test('S8 one kind that the register cannot take hides nothing of the others, and nothing is all done before zero', async () => {
  const { who, db } = await begin('houhe-1');
  await verify(who);
  const [track] = await record(who, { entries: [{ stream: 'patrol/0190a000-0000-7000-8000-0000000000ab', kind: 'track.recorded', title: '轨迹', body: {} }] });
  await verify(who, [5_000, 6_000]);
  // Whatever batch the track is in falls with an inner fault.
  const fault = new Response(JSON.stringify({ code: 'error.internal', message: '程序内部错误' }), { status: 500 });
  way.network = (url, go, init) => (url.endsWith('/items') && String(init.body).includes('track.recorded') ? Promise.resolve(fault.clone()) : go());
  for (let day = 0; day < 3; day++) {
    await isDue(db);
    await sync(who.person_id, OPTIONS);
  }
  const told = await counts(db);
  expect(unsentByKind(told)).toEqual({ 'track.recorded': 1 });
  expect([told.unsent, told.by_state.recorded]).toEqual([1, 6]);
  const item = await db.items.get(track!.id);
  expect([item?.state, item?.text]).toEqual(['waiting', '程序内部错误']);
  expect((await db.log.toArray()).some((l) => l.code === 'not_taken' && l.item_id === track!.id)).toBe(true);
  const said = held.server.fake.devices.get(who.device_id) as unknown as { unsent: Record<string, number> };
  expect(said.unsent['track.recorded']).toBe(1);
  way.network = (_, go) => go();
  await isDue(db);
  await sync(who.person_id, OPTIONS);
  expect((await counts(db)).unsent).toBe(0);
});

/** What a page has and Node has not. */
function asPage(): EventTarget {
  const [page, sheet] = [new EventTarget(), new EventTarget()];
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
  vi.stubGlobal('document', Object.assign(sheet, { visibilityState: 'visible' }));
  return page;
}

test('S13 started without a network, it says so, and sends without a restart when there is one', async () => {
  const { who, db } = await begin('houhe-1');
  await verify(who);
  const page = asPage();
  vi.stubGlobal('navigator', { onLine: false });
  way.network = () => cut();
  const reports: SyncReport[] = [];
  let isTold: (report: SyncReport) => void = () => undefined;
  const engine = startEngine(who.person_id, 'test', (report, isRunning) => {
    if (isRunning) return;
    reports.push(report);
    isTold(report);
  });
  try {
    // The button answers, and what it answers is the network.
    expect((await engine.now()).state).toBe('unreached');
    expect((await counts(db)).unsent).toBe(3);
    // A register that says no says why: there is no empty error.
    vi.stubGlobal('navigator', { onLine: true });
    way.network = () => Promise.resolve(new Response('', { status: 500 }));
    const failed = await engine.now();
    expect(failed.state).toBe('failed');
    expect(failed.text).not.toBe('');
    expect(failed.text).toBeDefined();
    way.network = (_, go) => go();
    const done = new Promise<SyncReport>((resolve) => (isTold = resolve));
    page.dispatchEvent(new Event('online'));
    expect((await done).state).toBe('done');
    expect((await counts(db)).unsent).toBe(0);
    expect(reports.map((r) => r.state)).toEqual(['unreached', 'failed', 'done']);
  } finally {
    engine.stop();
  }
});

test('S14 a login that expired a week ago: recording goes on, and after the login all is sent', async () => {
  const { who, db } = await begin('houhe-2');
  const first = await verify(who);
  held.server.fake.tokens.get(who.token)!.expires = Date.now() - 7 * 86_400_000;
  expect((await sync(who.person_id, OPTIONS)).state).toBe('expired');
  expect((await phone.enrolments.get(who.person_id))?.is_expired).toBe(true);
  const second = await verify((await phone.enrolments.get(who.person_id))!, [5_100, 6_100]);
  expect(second.map((i) => i.number)).toEqual(first.map((i) => i.number + 3));
  expect((await sync(who.person_id, OPTIONS)).state).toBe('expired');
  expect((await counts(db)).unsent).toBe(6);
  // The login gives the same phone another token; its key and its numbers stay.
  const fresh = inner().newToken(held.server.fake.devices.get(who.device_id));
  await phone.enrolments.update(who.person_id, { ...fresh, is_expired: false });
  expect((await sync(who.person_id, OPTIONS)).state).toBe('done');
  expect(inLog(who).sort()).toEqual([...first, ...second].map((i) => i.id).sort());
});

test('S21 a hundred photos over a link that is cut again and again: all arrive, at most a twentieth twice', async () => {
  const { who, db } = await begin('houhe-1');
  const SIZE = 60_000;
  isQuick();
  // Thirty seconds of a line of 80 kB/s, in bytes: what is under way when it is cut is lost, or its answer is; both lanes at
  // the most. Slower lines lose more of their bytes, for a piece comes whole or not at all.
  const STRETCH = 2_400_000;
  const shas: string[] = [];
  for (let n = 0; n < 100; n++) shas.push((await keepBlob(db, new Blob([await bytes(SIZE - 4).arrayBuffer(), new Uint8Array([n, 1, 2, 3])]), { media_type: 'image/jpeg', file_name: `${n}.jpg` })).sha256);
  await record(who, { entries: shas.map((sha, n) => ({ ...note(`${n}`), blobs: [sha], body: { sha256: sha, size_bytes: SIZE } })) });
  const [under_way, chance] = [new Set<{ is_cut: boolean }>(), dice(21)];
  let [sent, since, cuts] = [0, 0, 0];
  way.network = async (_, go, init) => {
    const size = init.method === 'PATCH' ? (init.body as ArrayBuffer).byteLength : 0;
    const own = { is_cut: false };
    under_way.add(own);
    sent += size;
    since += size;
    if (since > STRETCH) {
      for (const request of under_way) request.is_cut = true;
      [since, cuts] = [0, cuts + 1];
    }
    try {
      if (own.is_cut && chance() < 0.5) cut();
      const answer = await go();
      return own.is_cut ? cut() : answer;
    } finally {
      under_way.delete(own);
    }
  };
  for (let i = 0; i < 20 && (await counts(db)).unsent > 0; i++) {
    await isDue(db);
    await sync(who.person_id, OPTIONS);
  }
  expect(cuts).toBe(2);
  expect(sent).toBeGreaterThan(100 * SIZE);
  expect((await counts(db)).unsent).toBe(0);
  expect(shas.every((sha) => held.server.fake.hasBlob(sha))).toBe(true);
  expect(sent).toBeLessThanOrEqual(100 * SIZE * 1.05);
});

test('S22 a clock set to 1970 and two years ahead without a network keeps the order of the acts', async () => {
  const { who, db } = await begin('houhe-2');
  expect((await sync(who.person_id, OPTIONS)).state).toBe('done');
  way.network = () => cut();
  vi.useFakeTimers({ toFake: ['Date'] });
  const year = new Date().getUTCFullYear();
  const [from, made] = [Date.now(), [] as { number: number; occurred_at: string; device: string }[]];
  for (const at of [from, Date.UTC(1970, 0, 2), Date.UTC(year + 2, 5, 1), from + 1_000]) {
    vi.setSystemTime(at);
    const [item] = await record(who, { entries: [note(new Date(at).toISOString())] });
    made.push({ number: item!.number, occurred_at: item!.occurred_at, device: (JSON.parse(item!.bytes) as { clocks: { device: string } }).clocks.device });
  }
  vi.useRealTimers();
  const times = made.map((m) => Date.parse(m.occurred_at));
  expect(times).toEqual([...times].sort((a, b) => a - b));
  // Not one of them is carried off by the clock: the counter since the last contact says when it was.
  expect(times.every((t) => Math.abs(t - from) < 3_600_000)).toBe(true);
  expect(made.map((m) => m.number)).toEqual([0, 1, 2, 3].map((n) => made[0]!.number + n));
  // What the clock said stands in the entry, for whoever looks into it.
  expect(made.map((m) => m.device.slice(0, 4))).toEqual([`${year}`, '1970', `${year + 2}`, `${year}`]);
  way.network = (_, go) => go();
  await sync(who.person_id, OPTIONS);
  expect((await counts(db)).unsent).toBe(0);
});

test('S24 a thousand records over a line that loses a fifth: progress never falls, a pause holds, and it ends', async () => {
  const { who, db } = await begin('houhe-1');
  isQuick();
  for (let n = 0; n < 10; n++) await record(who, { entries: Array.from({ length: 100 }, (_, i) => note(`${n * 100 + i}`)) });
  const chance = dice(24);
  const seen: number[] = [];
  let [requests, is_pressed] = [0, false];
  way.network = async (_, go) => {
    requests += 1;
    // A slow line, a thousand times faster.
    await new Promise((done) => setTimeout(done, 2));
    if (chance() < 0.1) cut();
    const answer = await go();
    const { recorded } = (await counts(db)).by_state;
    seen.push(recorded);
    if (recorded >= 300 && !is_pressed) {
      is_pressed = true;
      await keepSetting(db, 'is_paused', true);
    }
    return chance() < 0.1 ? cut() : answer;
  };
  const outcomes: string[] = [];
  for (let i = 0; i < 60 && (await counts(db)).unsent > 0; i++) {
    await isDue(db);
    const { state } = await sync(who.person_id, OPTIONS);
    outcomes.push(state);
    const { recorded } = (await counts(db)).by_state;
    seen.push(recorded);
    if (state !== 'paused') continue;
    // As long as it is paused nothing goes out, however often it is asked to.
    const before = requests;
    for (let tries = 0; tries < 3; tries++) expect((await sync(who.person_id, OPTIONS)).state).toBe('paused');
    expect([requests, (await counts(db)).by_state.recorded]).toEqual([before, recorded]);
    expect(recorded).toBeLessThan(1_000);
    await keepSetting(db, 'is_paused', false);
  }
  expect(outcomes).toContain('paused');
  expect(outcomes.every((o) => ['done', 'unreached', 'paused'].includes(o))).toBe(true);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect((await counts(db)).by_state.recorded).toBe(1_000);
  expect(new Set(inLog(who)).size).toBe(1_000);
});
