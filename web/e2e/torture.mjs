// 折磨 — real browsers, a register that dies and a network that lies, until every record is there once: lost 0, doubled 0.
// `node e2e/torture.mjs --binary qingshan --demo DIR --out DIR [--dist DIR] [--records 150] [--phones 2] [--seed 1] [--limit 1200]`; the seed replays it, the limit ends what hangs.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { luckOf } from './network.mjs';
import { RANGERS, setUp } from './phone.mjs';
import { jpeg } from './pictures.mjs';
import { isReceiptTrue, Verifier } from './receipts.mjs';

const option = (name, otherwise) => (process.argv.includes(`--${name}`) ? process.argv[process.argv.indexOf(`--${name}`) + 1] : otherwise);
const [RECORDS, PHONES, SEED, LIMIT_S] = ['records', 'phones', 'seed', 'limit'].map((n, i) => Number(option(n, ['150', '2', '1', '1200'][i])));
const dist = resolve(option('dist', fileURLToPath(new URL('../dist', import.meta.url))));
const [binary, demo, out] = ['binary', 'demo', 'out'].map((name) => resolve(option(name, name === 'out' ? 'torture' : '')));
mkdirSync(out, { recursive: true });
let sites = [];
const sha = (bytes) => createHash('sha256').update(bytes).digest('hex');
const chance = luckOf(SEED);
const began = Date.now();
const seconds = () => (Date.now() - began) / 1000;
const figures = { seed: SEED, records: RECORDS, phones: PHONES, page_kills: 0, browser_kills: 0, server_kills: 0, network_cuts: 0, clock_jumps: 0, quota_errors: 0 };
const photos = new Map();

/** One verification with two photos, made in the page by the door the screens use. */
async function make(phone, n) {
  const files = [0, 1].map((i) => {
    const bytes = jpeg(SEED * 1_000_000 + n * 10 + i, 8_000 + Math.floor(chance() * 52_000));
    photos.set(sha(bytes), bytes.length);
    return bytes.toString('base64');
  });
  const { site_id, version } = sites[n % sites.length];
  return phone.page.evaluate(async ([site, based_on, texts, number]) => {
    const blobs = [];
    for (const text of texts) {
      const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
      const digest = await crypto.subtle.digest('SHA-256', bytes);
      const sha256 = Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, '0')).join('');
      blobs.push({ sha256, data: new Blob([bytes], { type: 'image/jpeg' }), media_type: 'image/jpeg', file_name: `${number}.jpg` });
    }
    const stream = `site/${site}`;
    const evidence = blobs.map((b) => ({ stream, kind: 'evidence.recorded', title: `照片 ${number}`, blobs: [b.sha256], body: { sha256: b.sha256, size_bytes: b.data.size, file_name: b.file_name, media_type: b.media_type } }));
    const shas = blobs.map((b) => b.sha256);
    const body = { round: 'first', method: 'field', verified_on: '2026-11-26', team: [{ post: '甲' }, { post: '乙' }], lon: 106.53, lat: 35.55, conclusion: 'issue_violation', condition_text: `第 ${number} 次`, evidence: shas, facts: {}, basis: { from: 'person', reason: '现场核查' } };
    const kept = await window.qingshanField.record({ entries: [...evidence, { stream, kind: 'verification.recorded', title: `核查 ${number}`, blobs: shas, based_on, body }], blobs });
    return kept.map((i) => i.id);
  }, [site_id, version, files, n]);
}
/** Items of one record on the phone's disk; the page says whose store it is, for what stands beside the store may be older. */
const isThere = (phone, n) => phone.page.evaluate(async (number) => {
  const { person_id } = await window.qingshanField.stats();
  const as = (request) => new Promise((done, fail) => ((request.onsuccess = () => done(request.result)), (request.onerror = () => fail(request.error))));
  const db = await as(indexedDB.open(`qs-field-${person_id}`));
  const items = await as(db.transaction('items').objectStore('items').getAll());
  db.close();
  return items.filter((i) => i.title.endsWith(` ${number}`)).map((i) => i.id);
}, n);

const place = await setUp({ dist, binary, demo, out, seed: SEED });
const { server, network } = place;
const wanted = new Map();
let failure = null;
setTimeout(() => {
  console.error(`no end after ${LIMIT_S} s: ${JSON.stringify(figures)}`);
  process.exit(1);
}, LIMIT_S * 1000).unref();

async function ready(phone) {
  await phone.page.waitForFunction(() => window.qingshanField !== undefined);
}
/** The page dies in the middle of recording: the act is whole on disk, or absent; then it is made again, as a person would. */
async function killedWhile(phone, n, kill) {
  const making = make(phone, n).catch(() => null);
  await new Promise((done) => setTimeout(done, chance() * 60));
  await kill();
  const ids = (await making) ?? [];
  await ready(phone);
  const found = await isThere(phone, n);
  if (![0, 3].includes(found.length)) throw new Error(`record ${n} is half on disk: ${found.length} of 3`);
  if (ids.length > 0 && found.length === 0) throw new Error(`record ${n} was acknowledged and is gone`);
  return found.length === 3 ? found : make(phone, n);
}
const KILLS = {
  page: async (phone) => {
    figures.page_kills += 1;
    await phone.page.reload().catch(() => phone.page.goto(`${network.origin}/field`));
  },
  browser: async (phone) => {
    figures.browser_kills += 1;
    await phone.kill();
    await phone.open('/field');
  },
};
async function jumpClock(phone) {
  figures.clock_jumps += 1;
  const days = Math.round((chance() - 0.5) * 10);
  await phone.page.evaluate((ms) => {
    const real = Date.now;
    Date.now = () => real() + ms;
  }, days * 86_400_000);
}
/** A full phone: less room than its store takes, for a large one shrinks when it is opened anew. Chromium remembers for minutes how much room there is, so the limit stands before the page opens its store, and ends with the browser. */
async function quotaError(phone, n) {
  const { usage } = await phone.page.evaluate(() => navigator.storage.estimate());
  await phone.kill();
  await phone.open('');
  const session = await phone.context.newCDPSession(phone.page);
  await session.send('Storage.overrideQuotaForOrigin', { origin: network.origin, quotaSize: Math.min(usage + 4_000, Math.floor(usage * 0.8) + 1_000_000) });
  await phone.page.goto(`${network.origin}/field`);
  await ready(phone);
  const code = await make(phone, n).then(() => 'kept', (e) => (/no room|QuotaExceeded/.test(e.message) ? 'no_room' : e.message));
  if (code === 'no_room') figures.quota_errors += 1;
  await phone.kill();
  await phone.open('/field');
  await ready(phone);
  const found = await isThere(phone, n);
  if (code === 'no_room' && found.length !== 0) throw new Error(`record ${n} is half kept after a quota error`);
  return code === 'kept' ? found : make(phone, n);
}

/** Every kind of fault in its turn, evenly over the work. */
const ORDER = ['page', 'server', 'browser', 'cut', 'quota', 'clock'];
async function work(phone, from, count) {
  const step = Math.max(1, Math.floor(count / (ORDER.length * 2)));
  for (let i = 0; i < count; i++) {
    const n = from + i;
    const fault = i % step === step - 1 ? ORDER[Math.floor(i / step) % ORDER.length] : null;
    let ids;
    if (fault === 'page' || fault === 'browser') ids = await killedWhile(phone, n, () => KILLS[fault](phone));
    else if (fault === 'quota') ids = await quotaError(phone, n);
    else ids = await make(phone, n);
    wanted.set(n, ids);
    if (fault === 'clock') await jumpClock(phone);
    if (chance() < 0.25) void phone.sync().catch(() => undefined);
    if (fault === 'server') await killServer();
    if (fault === 'cut') await cutNetwork();
  }
}
let isServerBusy = false;
async function killServer() {
  while (isServerBusy) await new Promise((done) => setTimeout(done, 50));
  isServerBusy = true;
  figures.server_kills += 1;
  await server.kill();
  await new Promise((done) => setTimeout(done, 100));
  await server.start();
  isServerBusy = false;
}
async function cutNetwork() {
  figures.network_cuts += 1;
  await network.off();
  await new Promise((done) => setTimeout(done, 50 + chance() * 300));
  await network.on();
}

/** Sends what is left, at first over the same bad network. */
async function sendRest(phone) {
  await ready(phone);
  for (let i = 0; i < 200; i++) {
    const stats = await phone.stats();
    if (stats.unsent === 0 && stats.blobs_waiting === 0) return;
    console.log(`${Math.round(seconds())} s: ${stats.unsent} items and ${stats.blobs_waiting} files to be sent`);
    if (i > 20) network.faults = { ...network.faults, before: 0, after: 0, half: 0, twice: 0, truncated: 0 };
    await phone.sync().catch(() => undefined);
    await phone.page.waitForTimeout(200);
  }
  const left = await phone.stats();
  throw new Error(`a phone did not get rid of ${left.unsent} items: ${JSON.stringify(left.by_state)}`);
}

/** Every record is in the log once and in its dossier once, every receipt is true, every file is the file. */
async function check() {
  const items = await server.items();
  const byId = new Map(items.map((i) => [i.id, i]));
  const all = [...wanted.values()].flat();
  const lost = all.filter((id) => byId.get(id)?.state !== 'recorded');
  const extra = items.filter((i) => !all.includes(i.id)).length;
  const verifier = new Verifier((await server.get('/log/proof?entry=0')).verifier_key);
  let untrue = 0;
  for (const item of items) if (!item.receipt || !(await isReceiptTrue(server, verifier, item))) untrue += 1;
  let doubled = items.length - new Set(items.map((i) => i.receipt?.seq ?? i.id)).size;
  for (const site of sites) {
    const said = (await server.dossier(site.site_code)).verifications.map((v) => v.condition_text).filter((text) => /^第 \d+ 次$/.test(text ?? ''));
    doubled += said.length - new Set(said).size;
  }
  const numbers = new Map();
  for (const i of items) numbers.set(i.device_id, [...(numbers.get(i.device_id) ?? []), i.number]);
  const holes = [...numbers.values()].reduce((sum, list) => sum + (Math.max(...list) - new Set(list).size), 0);
  const named = new Set(items.filter((i) => i.kind === 'evidence.recorded').map((i) => i.body.sha256));
  let damaged = 0;
  const headers = await server.session('bangongshi');
  for (const name of named) {
    const bytes = Buffer.from(await (await fetch(`${server.origin}/api/v1/blobs/${name}`, { headers })).arrayBuffer());
    if (bytes.length !== photos.get(name) || sha(bytes) !== name) damaged += 1;
  }
  const needed_bytes = [...named].reduce((sum, name) => sum + (photos.get(name) ?? 0), 0);
  const verified = server.run('log', 'verify');
  return { recorded: items.filter((i) => i.state === 'recorded').length, lost: lost.length, doubled, extra, holes, untrue, damaged, needed_bytes, log_entries: verified.entries ?? verified.size, log_faults: verified.faults.length };
}

try {
  const phones = [];
  for (let i = 0; i < PHONES; i++) {
    const phone = place.phone({ seed: SEED + i });
    await phone.open();
    await phone.enrol(RANGERS[i % RANGERS.length]);
    if (sites.length === 0) sites = (await phone.sites()).slice(0, Math.max(4, Math.ceil(RECORDS / 500)));
    await phone.page.goto(`${network.origin}/field`);
    await ready(phone);
    phones.push(phone);
  }
  network.faults = { before: 0.05, after: 0.05, half: 0.03, twice: 0.05, late: 0.05, truncated: 0.02, delay_ms: 0, bytes_per_s: 0 };
  const share = Math.ceil(RECORDS / 3 / PHONES);
  await Promise.all(phones.map((phone, i) => work(phone, i * 100_000, share)));
  figures.made_s = Math.round(seconds());
  await Promise.all(phones.map(sendRest));
  figures.sent_s = Math.round(seconds());
  Object.assign(figures, await check());
  Object.assign(figures, { network: network.figures, sent_to_needed: Number((network.figures.sent_bytes / figures.needed_bytes).toFixed(3)), seconds: Math.round(seconds()) });
  for (const kind of ['lost', 'doubled', 'extra', 'holes', 'untrue', 'damaged', 'log_faults']) if (figures[kind] > 0) failure = `${kind}: ${figures[kind]}`;
  if (figures.recorded !== share * PHONES * 3) failure = `${figures.recorded} recorded of ${share * PHONES * 3}`;
  for (const kind of ['page_kills', 'browser_kills', 'server_kills', 'network_cuts', 'clock_jumps', 'quota_errors']) if (figures[kind] < Math.min(3, 2 * PHONES, Math.floor(RECORDS / 36))) failure = `too few ${kind}: ${figures[kind]}`;
} catch (error) {
  failure = String(error?.stack ?? error);
} finally {
  await place.tearDown();
}
console.log(JSON.stringify(figures));
console.table(Object.fromEntries(Object.entries(figures).filter(([, v]) => typeof v !== 'object')));
writeFileSync(join(out, 'torture.json'), JSON.stringify(figures));
if (failure) {
  console.error(failure);
  process.exit(1);
}
