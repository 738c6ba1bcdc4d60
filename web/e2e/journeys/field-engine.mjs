// The engine on the phone: arrive, be told where one stands, answer what the tables ask, outline the extent; all without a
// signal, and the same as at the desk. Without the engine the sheet says so and goes on.
import assert from 'node:assert/strict';

import { RANGERS } from '../phone.mjs';

const text = (phone, test) => phone.page.locator(`[data-test=${test}]`).first().innerText();

/** A waiting site with an outline, a table that judges it and something to be seen on the spot. */
async function askedSite(phone) {
  const sheets = new Map((await phone.part('sheets')).items.map((sheet) => [sheet.site_id, sheet]));
  const fits = (site) => {
    const sheet = sheets.get(site.site_id);
    return sheet?.table && (sheet.missing ?? []).some((m) => m.asked_of !== 'office' && !['built', 'activity_subtype', 'activity_type_code'].includes(m.fact));
  };
  const sites = (await phone.sites()).filter(fits);
  const site = sites.find((s) => s.shape?.type === 'Polygon') ?? sites[0];
  assert.ok(site, 'a site whose table asks something on the spot');
  return { site, sheet: sheets.get(site.site_id) };
}

export const journeys = [
  {
    name: 'field: without a signal one is told zone, station and patch, gets a hint with row and clauses, and outlines the extent',
    async run({ setUp, shot }) {
      const { server, network, phone: make, faults } = await setUp();
      const phone = make();
      await phone.open();
      await phone.enrol(RANGERS[0]);
      const { site } = await askedSite(phone);
      const proposed = (await server.get(`/sites/${encodeURIComponent(site.site_code)}/judgement`)).proposal;
      await phone.page.click('text=任务 >> nth=0');
      await phone.page.waitForSelector(`[data-site="${site.site_code}"]`);
      await phone.flight(true);

      // On the way: 300 m south of it.
      await phone.context.setGeolocation({ longitude: site.lon, latitude: site.lat - 0.0027, accuracy: 8 });
      await phone.page.click(`[data-site="${site.site_code}"]`);
      await phone.page.waitForSelector('[data-test=seen][data-by=engine]');
      await phone.page.waitForFunction(() => /距图斑 \d+ m/.test(document.querySelector('[data-test=inside]')?.textContent ?? ''));
      const outside = Number(/距图斑 (\d+) m/.exec(await text(phone, 'inside'))[1]);
      assert.ok(outside > 50 && outside < 310, `${outside} m outside`);
      assert.match(await text(phone, 'way'), /距离 \d+ m · 方位 \d{3}° 北/);
      assert.ok((await text(phone, 'zone')).length > 1 && /责任区/.test(await text(phone, 'station')));
      await shot(phone.page, 'field-engine-on-the-way');
      if (site.shape) {
        await phone.goTo(site);
        await phone.page.waitForFunction(() => /已在图斑内|距图斑 \d m/.test(document.querySelector('[data-test=inside]')?.textContent ?? ''));
      }
      await phone.page.click('[data-test=take-position]');
      await phone.page.waitForSelector('[data-test=position]');
      await shot(phone.page, 'field-engine-arrived');

      // The hint is what the desk's own tables propose, by the same row.
      await phone.page.waitForSelector('[data-test=hint-row]');
      assert.match(await text(phone, 'hint'), /初步提示，以判定为准/);
      assert.ok((await text(phone, 'hint-row')).includes(`判定行 ${proposed.row}：`), `${await text(phone, 'hint-row')} is not by ${proposed.row}`);
      const asked = phone.page.locator('.asked').first();
      const fact = await asked.getAttribute('data-fact');
      const value = await asked.locator('[data-answer]').first().getAttribute('data-answer');
      await asked.locator('[data-answer]').first().click();
      await phone.page.waitForSelector(`[data-fact="${fact}"] [data-answer="${value}"][aria-pressed=true]`);
      await phone.page.waitForTimeout(500);
      await phone.page.locator('[data-test=hint]').scrollIntoViewIfNeeded();
      await shot(phone.page, 'field-engine-hint');
      await shot(phone.page, 'field-engine-sheet', { fullPage: true });

      // The extent, first as a careless finger draws it, then properly.
      await phone.page.goto(`${network.origin}/field/map?outline=${site.site_id}`);
      await phone.page.waitForSelector('.maplibregl-canvas');
      await phone.page.waitForTimeout(2_500);
      await phone.page.click('[data-test=draw]');
      await phone.outline([[0.3, 0.25], [0.7, 0.45], [0.7, 0.25], [0.3, 0.45]]);
      await phone.page.waitForSelector('[data-test=outline-mended]');
      await shot(phone.page, 'field-engine-outline-crossed');
      for (let i = 0; i < 4; i++) await phone.page.click('text=撤销一点');
      await phone.outline([[0.3, 0.25], [0.7, 0.25], [0.7, 0.45], [0.3, 0.45]]);
      await phone.page.waitForSelector('[data-test=outline-facts]');
      const facts = await text(phone, 'outline-facts');
      assert.match(facts, /平方米（[\d.,]+ 公顷，[\d.,]+ 亩）/);
      assert.match(await text(phone, 'outline-share'), /\d+(\.\d)?%/);
      await shot(phone.page, 'field-engine-outline');
      await phone.page.click('[data-test=use-outline]');
      await phone.page.waitForSelector('[data-test=outline-kept]');
      assert.equal(await text(phone, 'outline-facts'), facts);

      for (const view of site.required_shots ?? ['far', 'near']) await phone.shoot(view, `engine-${view}`);
      await phone.page.click('[data-test=conclusion] [data-code=issue_violation]');
      await phone.colleague();
      await phone.page.waitForSelector('[data-test=hint-row]');
      const row = /判定行 (\S+?)：/.exec(await text(phone, 'hint-row'))[1];
      if (await phone.page.locator('#outside').count()) await phone.page.fill('#outside', '隔河观察');
      await phone.page.click('[data-test=finish]');
      await phone.page.waitForURL('**/field');
      await phone.flight(false);
      await phone.syncAll();
      const item = (await server.items()).find((i) => i.kind === 'verification.recorded');
      assert.equal(item.state, 'recorded', item.text);
      const { body } = item;
      assert.deepEqual([body.hint.row, body.judged_facts, body.facts.shape.type], [row, { [fact]: value }, 'Polygon']);
      assert.ok(body.hint.ruleset_sha256.length === 64 && body.distance_to_site_m !== undefined && body.zone_seen, JSON.stringify(body));
      // Measured at the desk, the outline has the area that the phone said.
      const dossier = await server.dossier(site.site_code);
      const said = Number(/([\d,.]+) 平方米/.exec(facts)[1].replaceAll(',', ''));
      const found = dossier.facts?.area_m2;
      if (found !== undefined) assert.ok(Math.abs(found - said) < 0.1, `${found} m² at the desk, ${said} m² on the phone`);
      assert.deepEqual(faults(), []);
    },
  },
  {
    name: 'field: a phone that cannot load the engine says so and goes on',
    async run({ setUp, shot }) {
      const { server, phone: make, faults } = await setUp();
      const phone = make();
      await phone.open();
      await phone.enrol(RANGERS[0]);
      const { site } = await askedSite(phone);
      await phone.page.evaluate(async () => {
        for (const name of await caches.keys()) await (await caches.open(name)).delete('/field/pocket.wasm');
      });
      await phone.page.click('text=任务 >> nth=0');
      await phone.page.waitForSelector(`[data-site="${site.site_code}"]`);
      await phone.flight(true);
      await phone.openSite(site);
      await phone.page.waitForSelector('[data-test=seen][data-by=page]');
      await phone.page.waitForSelector('[data-test=no-engine]');
      assert.ok(await phone.page.locator('.asked').count() > 0, 'the questions of the pack');
      assert.equal(await phone.page.locator('[data-test=hint-row]').count(), 0);
      await shot(phone.page, 'field-engine-absent', { fullPage: true });
      await phone.page.click('[data-test=take-position]');
      for (const view of site.required_shots ?? ['far', 'near']) await phone.shoot(view, `plain-${view}`);
      await phone.page.click('[data-test=conclusion] [data-code=issue_violation]');
      await phone.colleague();
      if (await phone.page.locator('#outside').count()) await phone.page.fill('#outside', '隔河观察');
      await phone.page.click('[data-test=finish]');
      await phone.page.waitForURL('**/field');
      await phone.flight(false);
      await phone.syncAll();
      const item = (await server.items()).find((i) => i.kind === 'verification.recorded');
      assert.deepEqual([item.state, item.body.hint], ['recorded', undefined], item.text);
      assert.deepEqual(faults(), []);
    },
  },
];
