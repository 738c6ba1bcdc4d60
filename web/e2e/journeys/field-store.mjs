// What lies on a phone: its own territory only, nothing discarded by any choice, sealed for others, empty after a lock.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { HEAD, RANGERS, STATION } from '../phone.mjs';

/** Every byte a page can find on its origin: databases, caches, files, keys. */
const everything = (page) =>
  page.evaluate(async () => {
    const texts = [JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage })];
    const said = async (value) => {
      if (value instanceof Blob) return value.text();
      if (Array.isArray(value)) return (await Promise.all(value.map(said))).join(' ');
      if (value instanceof CryptoKey || value instanceof ArrayBuffer) return '';
      if (value && typeof value === 'object') return (await Promise.all(Object.entries(value).map(async ([k, v]) => `${k} ${await said(v)}`))).join(' ');
      return String(value);
    };
    const as = (request) => new Promise((done, fail) => ((request.onsuccess = () => done(request.result)), (request.onerror = () => fail(request.error))));
    for (const { name } of await indexedDB.databases()) {
      const db = await as(indexedDB.open(name));
      for (const store of db.objectStoreNames) texts.push(`${name} ${store}`, await said(await as(db.transaction(store).objectStore(store).getAll())));
      db.close();
    }
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) texts.push(request.url, await (await cache.match(request)).text());
    }
    const root = await navigator.storage.getDirectory();
    for await (const [name] of root.entries()) texts.push(name);
    return texts.join('\n');
  });
/** Codes, names and owners of sites, of one's own station or of all others; words that both use tell nothing. */
async function wordsOf(server) {
  const { items } = await server.get('/sites?limit=1000');
  const said = (is) => new Set(items.filter(is).flatMap((s) => [s.site_code, s.facility_name, s.owner_name]).filter((word) => typeof word === 'string' && word.length > 3));
  const own = said((s) => s.station_id === STATION);
  const others = [...said((s) => s.station_id !== STATION)].filter((word) => ![...own].some((mine) => mine.includes(word)));
  return { own: [...own], others };
}
/** The rescue file as it leaves the page; where the browser puts it is the browser's. */
async function saved(phone) {
  await phone.page.goto(`${phone.network.origin}/field/outbox`);
  await phone.page.evaluate(() => {
    const real = URL.createObjectURL.bind(URL);
    window.saved = null;
    URL.createObjectURL = (blob) => ((window.saved = blob.name?.endsWith('.qsr') ? blob : window.saved), real(blob));
  });
  await phone.page.click('[data-test=save-rescue]');
  await phone.page.waitForFunction(() => window.saved);
  const text = await phone.page.evaluate(async () => {
    const bytes = new Uint8Array(await window.saved.arrayBuffer());
    return btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(''));
  });
  return Buffer.from(text, 'base64');
}
/** Sites that can be verified with two photos. */
const simple = async (phone) => (await phone.sites()).filter((site) => (site.required_shots ?? []).length <= 2);

export const journeys = [
  {
    name: 'field: a phone holds its own station and nothing of another; locked, it hands over and is empty',
    async run({ setUp, desk, shot }) {
      const { server, phone: make, faults } = await setUp();
      const phone = make();
      await phone.open();
      await phone.enrol(RANGERS[0]);
      const words = await wordsOf(server);
      assert.ok(words.own.length > 20 && words.others.length > 50, `${words.own.length} and ${words.others.length} words`);
      const before = await everything(phone.page);
      const codes = (await phone.sites()).map((site) => site.site_code);
      assert.ok(codes.length > 3 && codes.every((code) => before.includes(code)), 'the search finds what is one’s own');
      assert.deepEqual(words.others.filter((word) => before.includes(word)), []);

      const [site] = await simple(phone);
      await phone.flight(true);
      await phone.page.goto(`${phone.network.origin}/field`);
      await phone.verify(site);
      await phone.flight(false);
      // The head of the station locks it at the desk before it is heard of again.
      const page = await desk(server.origin, HEAD);
      await page.goto('/field-desk/phones');
      await page.click('[data-test=lock-device]');
      await shot(page, 'field-desk-lock');
      await page.click('[data-test=lock-now]');
      await page.waitForSelector('text=已锁定（遗失）');
      assert.equal((await phone.sync()).state, 'locked');
      await phone.page.waitForSelector('text=本机已锁定');
      await shot(phone.page, 'field-locked');
      const after = await everything(phone.page);
      assert.deepEqual(codes.filter((code) => after.includes(code)), [], 'nothing of the station is left');
      // Locked as of now: what it recorded before is in the log.
      const items = await server.items();
      assert.deepEqual(items.map((i) => i.state), ['recorded', 'recorded', 'recorded'], 'what was unsent reached the register sealed');
      assert.deepEqual(faults(), []);
    },
  },
  {
    name: 'field: two persons on one phone: the first’s work is sealed and goes out under their name',
    async run({ setUp, shot }) {
      const { server, phone: make, faults } = await setUp();
      const phone = make();
      await phone.open();
      await phone.enrol(RANGERS[0]);
      const [site] = await simple(phone);
      await phone.flight(true);
      await phone.page.goto(`${phone.network.origin}/field`);
      await phone.verify(site, { text: '甲写的话' });
      await phone.page.goto(`${phone.network.origin}/field/me`);
      await shot(phone.page, 'field-me', { fullPage: true });
      await phone.page.click('[data-test=sign-out]');
      await shot(phone.page, 'field-leave');
      await phone.page.click('[data-test=leave-seal]');
      await phone.page.waitForURL('**/field/enrol');
      assert.ok(!(await everything(phone.page)).includes('甲写的话'), 'nobody on this phone can read it');
      await phone.flight(false);
      await phone.page.goto(`${phone.network.origin}/field/enrol`);
      await phone.context.clearCookies();
      await phone.page.reload();
      await phone.enrol(RANGERS[1]);
      await phone.syncAll();
      const items = await server.items();
      assert.equal(items.length, 3);
      assert.ok(items.every((i) => i.state === 'recorded' && i.person === '护林员·麻武甲'), JSON.stringify(items.map((i) => [i.state, i.person, i.text])));
      assert.deepEqual(faults(), []);
    },
  },
  {
    name: 'field: the rescue file is taken twice without doubling, and a changed byte is refused',
    async run({ setUp, desk, shot, out }) {
      const { server, phone: make, network } = await setUp();
      const phone = make();
      await phone.open();
      await phone.enrol(RANGERS[0]);
      const [site, other] = await simple(phone);
      await phone.flight(true);
      await phone.page.goto(`${network.origin}/field`);
      await phone.verify(site);
      const file = await saved(phone);
      assert.ok(!file.includes(site.site_code), 'sealed');
      const send = (body) => server.ask('/field/rescue-files', { method: 'POST', body, type: 'application/x-qingshan-rescue' });
      const broken = Buffer.from(file);
      broken[broken.length - 40] ^= 1;
      assert.equal((await send(broken)).body.code, 'field.rescue_broken');
      assert.equal((await send(Buffer.from('no rescue file'))).body.code, 'field.rescue_other_register');
      // By hand at the desk, as it came by cable.
      const path = join(out, 'phone.qsr');
      writeFileSync(path, file);
      const page = await desk(server.origin, HEAD);
      await page.goto('/field-desk');
      await page.setInputFiles('[data-test=rescue-file]', path);
      await page.waitForSelector('[data-test=rescue-report]');
      await shot(page, 'field-desk-rescue');
      const again = await send(file);
      assert.deepEqual([again.status, again.body.items_new, again.body.items_known, again.body.missing_blobs, again.body.receipt], [200, 0, 3, [], null]);
      assert.deepEqual(again.body.items.map((i) => i.state), ['recorded', 'recorded', 'recorded']);
      // And by the command line, whose second time brings what was made since.
      await phone.page.goto(`${network.origin}/field`);
      await phone.verify(other);
      writeFileSync(path, await saved(phone));
      const told = server.run('field', 'rescue', path);
      assert.deepEqual([told.items_new, told.items_known], [3, 3]);
      await phone.flight(false);
      await phone.syncAll();
      assert.equal((await server.items()).length, 6);
      assert.equal((await phone.stats()).unsent, 0);
    },
  },
  {
    name: 'field: no choice on the phone discards what was not sent',
    async run({ setUp }) {
      const { phone: make, network } = await setUp();
      const phone = make();
      await phone.open();
      await phone.enrol(RANGERS[0]);
      const [site] = await simple(phone);
      await phone.flight(true);
      await phone.page.goto(`${network.origin}/field`);
      await phone.verify(site);
      const AWAY = new Set(['leave-seal', 'leave-send']);
      for (const path of ['/field', '/field/outbox', '/field/me', '/field/check']) {
        await phone.page.goto(network.origin + path);
        await phone.page.waitForTimeout(300);
        const count = Math.min(30, await phone.page.locator('main button:visible').count());
        for (let i = 0; i < count; i++) {
          const button = phone.page.locator('main button:visible').nth(i);
          if (!(await button.count()) || AWAY.has((await button.getAttribute('data-test')) ?? '')) continue;
          await button.click({ timeout: 1_000, noWaitAfter: true }).catch(() => undefined);
          if (!phone.page.url().endsWith(path)) await phone.page.goto(network.origin + path);
        }
        assert.equal((await phone.stats()).unsent, 3, path);
      }
    },
  },
];
