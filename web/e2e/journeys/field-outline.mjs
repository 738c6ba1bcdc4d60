// The real outline, walked: a recorded track round a meadow, walked round a site; phone and desk measure the same.
import assert from 'node:assert/strict';

import { RANGERS } from '../phone.mjs';
import { walkRound } from '../walk.mjs';

/** A map drawn without a graphics card lets fixes wait. */
const PATIENCE_MS = 5_000;
/** Half as wide as the meadow: a patch of some hectares. */
const SCALE = 0.5;
/** The first number of square metres in a text. */
const squareMetres = (text) => Number(/([\d,]+\.\d) 平方米/.exec(text)[1].replaceAll(',', ''));
/** Degrees that positions of a browser keep. */
const close = (a, b) => Math.abs(a - b) < 1e-6;

/** Steps that lie three metres and more from the one before that counts: they are the corners. */
const cornersOf = (steps) =>
  steps.reduce((kept, s) => {
    const last = kept.at(-1);
    return last && Math.hypot((s.longitude - last.longitude) * 90_500, (s.latitude - last.latitude) * 111_195) < 3 ? kept : [...kept, s];
  }, []);

export const journeys = [
  {
    name: 'field: an outline is walked, compared with the clue and stands in the dossier with the area the phone told',
    async run({ setUp, shot, desk }) {
      const { server, network, phone: make, faults } = await setUp();
      const phone = make();
      await phone.open();
      await phone.enrol(RANGERS[0]);
      const drawn = (await phone.sites()).filter((s) => s.shape && (s.required_shots ?? []).length <= 2);
      const site = drawn.find((s) => (s.clue_shapes ?? []).length > 0) ?? drawn[0];
      const steps = walkRound(site, SCALE);
      await phone.flight(true);
      await phone.context.setGeolocation({ ...steps[0], accuracy: 4 });
      const { page } = phone;
      await page.goto(`${network.origin}/field/map?outline=${site.site_id}`);
      await page.waitForSelector('.maplibregl-canvas');
      await page.waitForFunction(() => /±/.test(document.querySelector('[data-test=accuracy]')?.textContent ?? ''));
      await page.waitForTimeout(2_000);
      await page.click('[data-test=walk]');
      const corners = cornersOf(steps);
      for (const [i, step] of corners.entries()) {
        await phone.context.setGeolocation({ ...step, accuracy: 4 });
        await page.waitForFunction((n) => Number(document.querySelector('[data-points]')?.dataset.points) >= n, Math.floor((i + 1) * 0.95), { timeout: PATIENCE_MS });
      }
      await page.click('[data-test=walk]');
      await page.waitForSelector('[data-test=outline-facts]');
      await page.waitForTimeout(1_500);
      await shot(page, 'field-walked');
      const facts = await page.locator('[data-test=outline-facts]').textContent();
      assert.match(facts, /平方米.*公顷.*亩/);
      assert.match(await page.locator('[data-test=outline-difference]').textContent(), /比(线索图斑|登记范围)（.*平方米）[大小].*平方米（.*%）/);
      const told = squareMetres(facts);
      assert.ok(told > 20_000 && told < 60_000, `${told} m²`);
      // The page is gone before the outline is taken: the walk is still there.
      await page.reload();
      await page.waitForSelector('[data-test=outline-facts]');
      assert.equal(squareMetres(await page.locator('[data-test=outline-facts]').textContent()), told, 'the walk after a reload');
      await page.click('[data-test=use-outline]');
      await page.waitForSelector('[data-test=outline-kept]');
      await page.locator('[data-test=outline-kept]').scrollIntoViewIfNeeded();
      await shot(page, 'field-walked-kept');
      await phone.goTo(site);
      await page.click('[data-test=take-position]');
      for (const view of site.required_shots ?? ['far', 'near']) await phone.shoot(view, `walked-${view}`);
      await page.click('[data-test=conclusion] [data-code=issue_violation]');
      await phone.colleague();
      if (await page.locator('#outside').count()) await page.fill('#outside', '隔河观察');
      await page.click('[data-test=finish]');
      await page.waitForURL('**/field');
      await phone.flight(false);
      await phone.syncAll();

      const [verified] = (await server.items()).filter((i) => i.kind === 'verification.recorded');
      assert.deepEqual([verified.state, verified.body.outline_method], ['recorded', 'walked'], verified.text);
      const [ring] = verified.body.facts.shape.coordinates;
      // Steps nearer than three metres are one; the others are corners, in their order.
      assert.ok(ring.length > corners.length * 0.94, `${ring.length} of ${corners.length} corners`);
      let at = 0;
      for (const [lon, lat] of ring.slice(0, -1)) {
        const found = steps.findIndex((s, i) => i >= at && close(s.longitude, lon) && close(s.latitude, lat));
        assert.ok(found >= 0, `${lon}, ${lat} was not walked`);
        at = found;
      }
      const dossier = await server.dossier(site.site_code);
      assert.equal(dossier.shape.coordinates[0].length, ring.length, 'the recorded outline is the dossier’s');
      const { value: area_m2 } = dossier.facts.find((f) => f.field === 'area_m2');
      assert.ok(Math.abs(area_m2 - told) <= 0.1, `phone ${told} m², register ${area_m2} m²`);
      const office = await desk(server.origin, 'bangongshi');
      await office.goto(`/sites/${encodeURIComponent(site.site_code)}`);
      const shown = area_m2.toLocaleString('zh-CN', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
      await office.locator('#overview td.value', { hasText: shown }).first().waitFor();
      await shot(office, 'desk-walked', { fullPage: true });
      assert.deepEqual(faults(), []);
    },
  },
];
