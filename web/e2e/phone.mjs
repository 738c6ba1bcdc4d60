// A phone: real Chromium with a folder of its own, closed and killed like one; the register behind a network that can fail.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, existsSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

import { PHONE } from './browser.mjs';
import { Network } from './network.mjs';
import { jpeg } from './pictures.mjs';
import { PASSWORD, Program } from './program.mjs';

export const HERE = { longitude: 106.5307, latitude: 35.5512, accuracy: 6 };
const FLAGS = ['--no-sandbox', '--lang=zh-CN', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--headless=new', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--force-prefers-reduced-motion', '--hide-scrollbars', '--no-default-browser-check', '--disable-features=Translate'];

const OFFICE = 'bangongshi';
/** A station where sites wait for verification: its head, and two rangers who are added. */
export const STATION = 'mawu';
export const HEAD = 'mawu';
export const RANGERS = ['hulin-mawu', 'hulin-mawu-2'];

/** The register itself, on a fresh copy of the demonstration; what it has is asked for by the office, as at the desk. */
export class Register {
  constructor({ dist, binary, demo, out }) {
    this.program = new Program({ binary, demo, web: dist, out });
    this.sessions = new Map();
  }
  async start() {
    const isFirst = !this.origin;
    await this.program.start();
    this.origin = this.program.origin;
    if (!isFirst) return;
    for (const [i, login] of RANGERS.entries()) this.program.run('people', 'add', login, `护林员·麻武${'甲乙'[i]}`, '--post', `ranger@${STATION}`);
    for (const login of [OFFICE, HEAD, ...RANGERS]) await this.program.enrol(login);
  }
  kill = () => this.program.kill();
  stop = () => this.program.stop();
  run = (...args) => this.program.run(...args);

  async session(login) {
    if (!this.sessions.has(login)) {
      const answer = await fetch(`${this.origin}/api/v1/session`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ login, password: PASSWORD }) });
      const { csrf_token } = await answer.json();
      const cookie = answer.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ');
      this.sessions.set(login, { 'X-CSRF-Token': csrf_token, Cookie: cookie });
    }
    return this.sessions.get(login);
  }
  /** Asks as somebody at a desk. */
  async ask(path, { login = OFFICE, method = 'GET', body, type = 'application/json' } = {}) {
    const headers = { ...(await this.session(login)), ...(body === undefined ? {} : { 'Content-Type': type }) };
    const sent = body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const answer = await fetch(`${this.origin}/api/v1${path}`, { method, headers, body: sent });
    return { status: answer.status, body: await answer.json().catch(() => null) };
  }
  async get(path) {
    const { status, body } = await this.ask(path);
    if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }
  /** A file as the register hands it out. */
  async file(sha256) {
    const answer = await fetch(`${this.origin}/api/v1/blobs/${sha256}`, { headers: await this.session(OFFICE) });
    return { status: answer.status, type: answer.headers.get('content-type'), bytes: Buffer.from(await answer.arrayBuffer()) };
  }
  /** All that phones sent, and where it stands. */
  async items() {
    const all = [];
    for (let cursor = ''; ; ) {
      const page = await this.get(`/field/items?state=received,held,recorded,refused&limit=500${cursor}`);
      all.push(...page.items);
      if (!page.next) return all.sort((x, y) => x.number - y.number);
      cursor = `&cursor=${page.next}`;
    }
  }
  devices = async () => (await this.get('/field/devices')).items;
  dossier = (code) => this.get(`/sites/${encodeURIComponent(code)}`);
}

export class Phone {
  constructor({ network, viewport = PHONE, position = HERE, seed = 1 }) {
    Object.assign(this, { network, viewport, position, seed, faults: [], kills: 0 });
    this.folder = mkdtempSync(join(tmpdir(), 'qs-phone-'));
  }
  async open(path = '/field', { isHere = true } = {}) {
    this.child = spawn(process.env.QINGSHAN_CHROMIUM ?? '/usr/bin/chromium', [...FLAGS, `--user-data-dir=${this.folder}`, '--remote-debugging-port=0', 'about:blank'], { detached: true, stdio: 'ignore', env: { ...process.env, TZ: 'Asia/Shanghai', LANG: 'zh_CN.UTF-8' } });
    const port = await this.port();
    this.browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
    this.context = this.browser.contexts()[0];
    this.context.setDefaultTimeout(30_000);
    await this.context.grantPermissions(['geolocation', 'microphone', 'camera'], { origin: this.network.origin });
    if (isHere) await this.context.setGeolocation(this.position);
    this.page = this.context.pages()[0] ?? (await this.context.newPage());
    this.watch(this.page);
    await this.page.setViewportSize(this.viewport);
    if (path) await this.page.goto(this.network.origin + path);
    return this.page;
  }
  async port() {
    const file = join(this.folder, 'DevToolsActivePort');
    for (let i = 0; i < 200; i++) {
      if (existsSync(file)) {
        const port = Number(readFileSync(file, 'utf8').split('\n')[0]);
        if (port > 0 && port !== this.lastPort) return (this.lastPort = port);
      }
      await new Promise((done) => setTimeout(done, 100));
    }
    throw new Error('Chromium did not start');
  }
  watch(page) {
    page.on('pageerror', (error) => this.faults.push(`page error: ${error.message}`));
    page.on('console', (said) => said.type() === 'error' && !/Failed to load resource|net::ERR/.test(said.text()) && this.faults.push(`console: ${said.text()}`));
    page.on('request', (request) => !request.url().startsWith(this.network.origin) && !/^(blob|data|about):/.test(request.url()) && this.faults.push(`outside request: ${request.url()}`));
  }
  /** The battery falls out. */
  async kill() {
    this.kills += 1;
    const ended = new Promise((done) => this.child.once('exit', done));
    process.kill(-this.child.pid, 'SIGKILL');
    await ended;
    await this.browser.close().catch(() => undefined);
  }
  async close() {
    const session = await this.browser.newBrowserCDPSession().catch(() => null);
    const ended = new Promise((done) => this.child.once('exit', done));
    await session?.send('Browser.close').catch(() => undefined);
    await Promise.race([ended, new Promise((done) => setTimeout(done, 8_000))]);
    if (this.child.exitCode === null && this.child.signalCode === null) await this.kill();
    await this.browser.close().catch(() => undefined);
  }
  async dispose() {
    if (this.child && this.child.exitCode === null && this.child.signalCode === null) await this.close().catch(() => undefined);
    rmSync(this.folder, { recursive: true, force: true });
  }
  /** Flight mode: the network is gone for the page and for its worker, and the browser says so. */
  async flight(isOn) {
    await this.context.setOffline(isOn);
    await (isOn ? this.network.off() : this.network.on());
  }

  /* What a ranger does */

  async enrol(login) {
    const { page } = this;
    await page.fill('#login', login);
    await page.fill('#password', PASSWORD);
    await page.press('#password', 'Enter');
    await page.click('[data-test=install-later], [data-test=enrol]');
    if (await page.locator('[data-test=enrol]').count()) await page.click('[data-test=enrol]');
    await page.click('[data-test=get-pack]');
    await page.waitForURL('**/field/check');
    await page.evaluate(() => navigator.serviceWorker.ready);
  }
  photo(name) {
    return this.file(`${name}.jpg`, jpeg((this.seed = (this.seed * 31 + name.length + 7) % 1_000_003)));
  }
  /** A file of any kind on the phone. */
  file(name, bytes) {
    const folder = join(this.folder, 'camera');
    mkdirSync(folder, { recursive: true });
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  }
  async shoot(view, name) {
    await this.page.setInputFiles(`[data-view=${view}] input[type=file]`, this.photo(name));
    await this.page.waitForSelector(`[data-view=${view}].taken`);
  }
  /** A part of the pack, as it lies on the phone. */
  part = (name) => this.page.evaluate(async (wanted) => {
    const as = (request) => new Promise((done, fail) => ((request.onsuccess = () => done(request.result)), (request.onerror = () => fail(request.error))));
    const { person_id } = await window.qingshanField.stats();
    const db = await as(indexedDB.open(`qs-field-${person_id}`));
    const row = await as(db.transaction('pack_parts').objectStore('pack_parts').index('name').get(wanted));
    db.close();
    return JSON.parse(await row.data.text());
  }, name);
  /** Sites of the pack that wait for verification and have a place, the same ones every time. */
  async sites() {
    const [tasks, sites] = [await this.part('tasks'), await this.part('sites')];
    const waiting = new Set(tasks.items.filter((task) => task.kind === 'verify').map((task) => task.site_id));
    return sites.items.filter((site) => waiting.has(site.site_id) && site.lon !== undefined);
  }
  /** Goes to a site. */
  goTo = (site) => this.context.setGeolocation({ longitude: site.lon, latitude: site.lat, accuracy: 6 });
  /** The first colleague the sheet offers. */
  colleague = () => this.page.locator('[data-post][aria-pressed=false]').first().click();
  /** Opens a site from the list of tasks. */
  async openSite(site) {
    await this.goTo(site);
    await this.page.click(`[data-site="${site.site_code}"]`);
  }
  /** Fills in the sheet of one site and finishes it. */
  async verify(site, { conclusion = 'issue_violation', text = '现场有堆料' } = {}) {
    const { page } = this;
    await this.openSite(site);
    await page.click('[data-test=take-position]');
    for (const view of site.required_shots ?? ['far', 'near']) await this.shoot(view, `${site.site_code}-${view}-${this.kills}-${Math.floor(performance.now())}`);
    await page.click(`[data-test=conclusion] [data-code=${conclusion}]`);
    await page.fill('#condition', text);
    await this.colleague();
    if (await page.locator('#outside').count()) await page.fill('#outside', '隔河观察');
    await page.click('[data-test=finish]');
    await page.waitForURL('**/field');
  }
  /** Corners of an outline on the map, in shares of its width and height; each is there before the next is set. */
  async outline(corners) {
    const { page } = this;
    const box = await page.locator('[data-test=map]').boundingBox();
    const points = async () => Number(await page.locator('[data-points]').getAttribute('data-points'));
    let wanted = await points();
    for (const [x, y] of corners) {
      wanted += 1;
      // A busy phone may miss a touch; its owner sees that and touches again.
      for (let touch = 0; touch < 5 && (await points()) < wanted; touch++) {
        await page.mouse.click(box.x + box.width * x, box.y + box.height * y);
        await page.waitForFunction((n) => Number(document.querySelector('[data-points]')?.dataset.points) >= n, wanted, { timeout: 2_000 }).catch(() => undefined);
      }
      if ((await points()) !== wanted) throw new Error(`${await points()} corners after ${wanted} touches`);
    }
  }
  /** The page's own door, once its script has run. */
  through = async (door) => (await this.page.waitForFunction(() => window.qingshanField), this.page.evaluate((name) => window.qingshanField[name](), door));
  stats = () => this.through('stats');
  sync = () => this.through('sync');
  /** Syncs until nothing waits. */
  async syncAll(tries = 30) {
    for (let i = 0; i < tries; i++) {
      const told = await this.sync();
      const stats = await this.stats();
      if (told.state === 'done' && stats.by_state.waiting + stats.by_state.sending + stats.blobs_waiting === 0) return stats;
      await this.page.waitForTimeout(300);
    }
    throw new Error(`not all was sent: ${JSON.stringify(await this.stats())}`);
  }
}

/** A register, a network and phones for one journey. */
export async function setUp({ dist, binary, demo, out, seed = 1 }) {
  const server = new Register({ dist, binary, demo, out });
  await server.start();
  const network = new Network({ target: server.origin, seed });
  await network.on();
  const phones = [];
  return {
    server, network,
    phone: (options = {}) => {
      const made = new Phone({ network, ...options });
      phones.push(made);
      return made;
    },
    faults: () => phones.flatMap((p) => p.faults),
    tearDown: async () => {
      for (const phone of phones) await phone.dispose();
      await network.off();
      await server.stop();
    },
  };
}
