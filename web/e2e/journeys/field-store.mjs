// What lies on a phone: its own territory only, nothing discarded by any choice, sealed for others, empty after a lock.
import assert from 'node:assert/strict';

import { SITES } from '../fake-territory.mjs';

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
const wordsOf = (station) => SITES.filter((s) => s.station_id === station).flatMap((s) => [s.site_code, s.name]);

export const journeys = [
  {
    name: 'field: a phone holds its own station and nothing of another; locked, it hands over and is empty',
    async run({ setUp }) {
      const { server, phone: make, faults } = await setUp();
      const phone = make();
      await phone.open();
      await phone.enrol('houhe-1');
      const before = await everything(phone.page);
      assert.ok(wordsOf('houhe').every((word) => before.includes(word)), 'the search finds what is one’s own');
      assert.deepEqual(wordsOf('mawu').filter((word) => before.includes(word)), []);

      await phone.flight(true);
      await phone.page.goto(`${phone.network.origin}/field`);
      await phone.verify('HH-2019-002');
      await phone.flight(false);
      const { devices } = await server.state();
      await server.control('tap', {});
      const lock = await phone.page.evaluate(async (id) => {
        const session = await (await fetch('/api/v1/session')).json();
        return (await fetch(`/api/v1/field/devices/${id}/lock`, { method: 'POST', headers: { 'X-CSRF-Token': session.csrf_token }, body: JSON.stringify({ reason: 'lost' }) })).status;
      }, devices[0].device_id);
      assert.equal(lock, 200);
      assert.equal((await phone.sync()).state, 'locked');
      await phone.page.waitForSelector('text=这部手机已锁定');
      const after = await everything(phone.page);
      assert.deepEqual(wordsOf('houhe').filter((word) => after.includes(word)), [], 'nothing of the station is left');
      const { items, rescues } = await server.state();
      assert.equal(rescues, 1);
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
      await phone.enrol('houhe-1');
      await phone.flight(true);
      await phone.page.goto(`${phone.network.origin}/field`);
      await phone.verify('HH-2019-002', { text: '甲写的话' });
      await phone.page.goto(`${phone.network.origin}/field/me`);
      await shot(phone.page, 'field-me', { fullPage: true });
      await phone.page.click('[data-test=sign-out]');
      await shot(phone.page, 'field-leave');
      await phone.page.click('[data-test=leave-seal]');
      await phone.page.waitForURL('**/field/enrol');
      assert.ok(!(await everything(phone.page)).includes('甲写的话'), 'nobody on this phone can read it');
      await phone.flight(false);
      await phone.page.goto(`${phone.network.origin}/field/enrol`);
      await phone.page.evaluate(() => fetch('/api/v1/session', { method: 'DELETE' }));
      await phone.context.clearCookies();
      await phone.page.reload();
      await phone.enrol('houhe-2');
      await phone.syncAll();
      const { items } = await server.state();
      assert.equal(items.length, 3);
      assert.ok(items.every((i) => i.state === 'recorded' && i.entry.actor === 'p-000000000001'));
      assert.deepEqual(faults(), []);
    },
  },
  {
    name: 'field: the rescue file is taken twice without doubling, and a changed byte is refused',
    async run({ setUp }) {
      const { server, phone: make, network } = await setUp();
      const phone = make();
      await phone.open();
      await phone.enrol('houhe-1');
      await phone.flight(true);
      await phone.page.goto(`${network.origin}/field`);
      await phone.verify('HH-2019-004');
      await phone.page.goto(`${network.origin}/field/outbox`);
      // The file as it leaves the page; where the browser puts it is the browser's.
      await phone.page.evaluate(() => {
        const real = URL.createObjectURL.bind(URL);
        URL.createObjectURL = (blob) => ((window.saved = blob.name?.endsWith('.qsr') ? blob : window.saved), real(blob));
      });
      await phone.page.click('[data-test=save-rescue]');
      await phone.page.waitForFunction(() => window.saved);
      const text = await phone.page.evaluate(async () => {
        const bytes = new Uint8Array(await window.saved.arrayBuffer());
        return btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(''));
      });
      const file = Buffer.from(text, 'base64');
      assert.ok(!file.includes('HH-2019-004'), 'sealed');
      const token = await phone.page.evaluate(() => new Promise((done) => {
        const request = indexedDB.open('qs-phone');
        request.onsuccess = () => (request.result.transaction('enrolments').objectStore('enrolments').getAll().onsuccess = (e) => done(e.target.result[0].token));
      }));
      const send = async (body) => {
        const answer = await fetch(`${server.origin}/api/v1/field/rescue-files`, { method: 'POST', headers: { Authorization: `Bearer ${token}` }, body });
        return { status: answer.status, body: await answer.json() };
      };
      const broken = Buffer.from(file);
      broken[broken.length - 40] ^= 1;
      assert.equal((await send(broken)).body.code, 'field.rescue_broken');
      const first = await send(file);
      assert.deepEqual([first.status, first.body.items_new + first.body.items_known], [200, 3]);
      const again = await send(file);
      assert.deepEqual([again.body.items_new, again.body.items_known], [0, 3]);
      await phone.flight(false);
      await phone.syncAll();
      assert.equal((await server.state()).items.length, 3);
    },
  },
  {
    name: 'field: no choice on the phone discards what was not sent',
    async run({ setUp }) {
      const { phone: make, network } = await setUp();
      const phone = make();
      await phone.open();
      await phone.enrol('houhe-1');
      await phone.flight(true);
      await phone.page.goto(`${network.origin}/field`);
      await phone.verify('HH-2019-002');
      const AWAY = new Set(['leave-seal', 'leave-send']);
      for (const path of ['/field', '/field/outbox', '/field/me', '/field/check']) {
        await phone.page.goto(network.origin + path);
        await phone.page.waitForTimeout(300);
        const count = await phone.page.locator('main button:visible').count();
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
