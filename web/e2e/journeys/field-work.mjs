// The rest of a day: a patrol with a finding, a hidden page, a broken end; the map; what could not be checked.
import assert from 'node:assert/strict';

import { RANGERS } from '../phone.mjs';

const walk = async (phone, from, steps) => {
  for (let i = 1; i <= steps; i++) {
    await phone.context.setGeolocation({ longitude: from.longitude + i * 0.0004, latitude: from.latitude, accuracy: 5 });
    await phone.page.waitForTimeout(250);
  }
};

export const journeys = [
  {
    name: 'field: a patrol with a finding is ended by a long press and sent with its track',
    async run({ setUp, shot }) {
      const { server, phone: make, faults } = await setUp();
      const phone = make();
      await phone.open();
      await phone.enrol(RANGERS[0]);
      await phone.page.goto(`${phone.network.origin}/field`);
      await phone.page.click('[data-test=begin-patrol]');
      await phone.colleague();
      await shot(phone.page, 'field-patrol-start', { fullPage: true });
      await phone.page.click('[data-test=patrol-start]');
      await phone.page.waitForSelector('[data-test=patrol-running]');
      await walk(phone, phone.position, 8);
      await phone.page.waitForFunction(() => /采点 [5-9]/.test(document.querySelector('[data-test=patrol-running]')?.textContent ?? ''));
      await shot(phone.page, 'field-patrol');
      await phone.page.click('nav >> text=发现');
      await shot(phone.page, 'field-finding-photo');
      await phone.page.setInputFiles('[data-test=finding-photo]', phone.photo('finding'));
      await phone.page.waitForSelector('[data-kind=human_activity]');
      await shot(phone.page, 'field-finding-kind');
      await phone.page.click('[data-kind=human_activity]');
      await phone.page.fill('#note', '新挖土方');
      await shot(phone.page, 'field-finding');
      await phone.page.click('[data-test=finding-save]');
      await phone.page.waitForSelector('[data-test=patrol-running]');
      const box = await phone.page.locator('[data-test=patrol-end]').boundingBox();
      await phone.page.mouse.move(box.x + 20, box.y + 20);
      await phone.page.mouse.down();
      await phone.page.waitForURL('**/field/patrol?end=1');
      await phone.page.mouse.up();
      await phone.page.fill('[data-test=content-0]', '看林缘');
      await shot(phone.page, 'field-patrol-end', { fullPage: true });
      await phone.page.click('[data-test=patrol-save]');
      await phone.page.waitForSelector('[data-test=begin-patrol]');
      await phone.syncAll();
      const items = await server.items();
      assert.deepEqual(items.map((i) => [i.kind, i.state]), ['clue.received', 'evidence.recorded', 'track.recorded', 'patrol.recorded'].map((k) => [k, 'recorded']), JSON.stringify(items.map((i) => i.text)));
      const [told, shown, track, patrol] = items.map((i) => i.body);
      assert.ok(track.fixes_read >= 6 && track.length_m > 150 && track.length_m < 400, `${track.fixes_read} fixes, ${track.length_m} m`);
      assert.deepEqual([patrol.head_count, patrol.findings.length, patrol.tracks], [2, 1, [track.track_id]]);
      assert.equal(patrol.findings[0].evidence[0], shown.sha256);
      // The finding is a clue of the inbox, with its photo; the patrol leads to it.
      const inbox = await server.get('/clues?limit=1000&source=patrol');
      assert.ok(inbox.items.some((c) => c.clue_id === told.clue_id), JSON.stringify(inbox.items.slice(0, 3)));
      const clue = await server.get(`/clues/${told.clue_id}`);
      assert.deepEqual(clue.files.map((f) => f.sha256), [shown.sha256]);
      const page = await server.get(`/patrols/${patrol.patrol_id}`);
      assert.equal(page.findings[0].clue_code, told.clue_id);
      assert.equal(page.tracks[0].fixes_read, track.fixes_read);
      assert.deepEqual(faults(), []);
    },
  },
  {
    name: 'field: a patrol whose page died is found again with what it had',
    async run({ setUp }) {
      const { phone: make } = await setUp();
      const phone = make();
      await phone.open();
      await phone.enrol(RANGERS[0]);
      await phone.page.goto(`${phone.network.origin}/field`);
      await phone.page.click('[data-test=begin-patrol]');
      await phone.page.click('[data-test=patrol-start]');
      await phone.page.waitForSelector('[data-test=patrol-running]');
      await walk(phone, phone.position, 14);
      await phone.page.waitForFunction(() => /采点 1\d/.test(document.querySelector('[data-test=patrol-running]')?.textContent ?? ''));
      await phone.kill();
      await phone.open('/field');
      await phone.page.waitForFunction(() => /采点 (1\d|9)/.test(document.querySelector('[data-test=patrol-running]')?.textContent ?? ''));
    },
  },
  {
    name: 'field: the map shows the pack, the way to a site and takes an outline; what could not be checked needs no photo',
    async run({ setUp, shot }) {
      const { server, phone: make, faults } = await setUp();
      const phone = make();
      await phone.open();
      await phone.enrol(RANGERS[0]);
      const [site] = await phone.sites();
      await phone.goTo(site);
      await phone.flight(true);
      await phone.page.goto(`${phone.network.origin}/field/map?outline=${site.site_id}`);
      await phone.page.waitForSelector('.maplibregl-canvas');
      await phone.page.waitForTimeout(2_500);
      await phone.page.click('[data-test=draw]');
      await phone.outline([[0.3, 0.3], [0.7, 0.3], [0.7, 0.55], [0.3, 0.55]]);
      await shot(phone.page, 'field-map-outline');
      await phone.page.click('[data-test=use-outline]');
      await phone.page.waitForSelector('[data-test=outline-kept]');
      await phone.page.click('[data-test=unverified]');
      await phone.page.click('[data-code=locked]');
      await phone.page.click('[data-test=take-position]');
      await phone.colleague();
      await phone.page.click('[data-test=finish]');
      await phone.page.waitForURL('**/field');
      await phone.page.goto(`${phone.network.origin}/field/map`);
      await phone.page.waitForSelector('.maplibregl-canvas');
      await phone.page.waitForTimeout(2_500);
      await shot(phone.page, 'field-map');
      await phone.flight(false);
      await phone.syncAll();
      const [item] = await server.items();
      assert.deepEqual([item.state, item.body.unverified_reason, item.body.outline_method], ['recorded', 'locked', 'drawn'], item.text);
      assert.equal(item.body.facts.shape.coordinates[0].length, 5);
      assert.deepEqual(faults(), []);
    },
  },
  {
    name: 'field: on a small phone nothing is cut',
    async run({ setUp, shot }) {
      const { phone: make } = await setUp();
      const phone = make({ viewport: { width: 360, height: 640 } });
      await phone.open();
      await phone.enrol(RANGERS[0]);
      const [site] = await phone.sites();
      for (const path of ['/field', '/field/outbox', '/field/me', '/field/check', `/field/site/${site.site_id}`, '/field/patrol', '/field/finding']) {
        await phone.page.goto(phone.network.origin + path);
        await phone.page.waitForTimeout(500);
        const wide = await phone.page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= 360, `${path} is ${wide} px wide`);
        const small = await phone.page.evaluate(() => [...document.querySelectorAll('main button, main a.btn, main select, nav a')].filter((e) => e.getBoundingClientRect().width > 0 && (e.getBoundingClientRect().height < 47.5 || parseFloat(getComputedStyle(e).fontSize) < 16)).map((e) => e.textContent?.trim()));
        assert.deepEqual(small, [], path);
        await shot(phone.page, `field-small${path.slice(6, 12).replaceAll('/', '-')}`);
      }
    },
  },
];
