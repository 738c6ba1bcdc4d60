// Any site is found in two clicks: by the search of every page, on the map, and from a number.
import assert from 'node:assert/strict';

import { ask, clicks, mapIsDrawn, signIn } from '../browser.mjs';
import { PASSWORD } from '../program.mjs';

async function anySite(page) {
  const { body } = await ask(page, '/api/v1/sites?limit=1&ledger=sites&sort=site_code');
  return body.items[0];
}

export const journeys = [
  {
    name: 'a site is found by the search of every page',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      const site = await anySite(page);
      await page.fill('header input[type=search]', site.site_code);
      await page.press('header input[type=search]', 'Enter');
      await page.waitForURL('**/ledgers/sites?**');
      const link = page.locator('a.grid-link', { hasText: site.site_code });
      await link.waitFor();
      await shot(page, 'ledger-search');
      await link.click();
      await page.waitForURL(`**/sites/${encodeURIComponent(site.site_code)}**`);
      await page.locator('h1').first().waitFor();
    },
  },
  {
    name: 'a site is found on the map and leads to its ledger row and dossier',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      const site = await anySite(page);
      await page.goto(`/map?at=${site.lon},${site.lat},16`);
      assert.ok(await mapIsDrawn(page), 'the map stayed blank');
      const box = await page.locator('.maplibregl-canvas').first().boundingBox();
      const way = clicks(page);
      await page.waitForTimeout(1500);
      way.count += 1;
      await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
      const card = page.locator('aside.card-box');
      const picker = page.locator('.picker button');
      await Promise.race([card.waitFor(), picker.first().waitFor()]);
      if (!(await card.isVisible())) await way.click(picker.first());
      await card.waitFor();
      await shot(page, 'map-chosen');
      await way.click(card.getByRole('link').first());
      await page.waitForURL('**/sites/**');
      assert.ok(way.count <= 3, `${way.count} clicks`);
    },
  },
  {
    name: 'a number opens exactly the sites it counts',
    async run({ desk }) {
      const page = await desk();
      await signIn(page, 'juzhang', PASSWORD);
      await page.waitForURL('**/dashboard');
      const card = page.locator('a.number').first();
      await card.waitFor();
      const counted = Number(await card.locator('b').textContent());
      await card.click();
      const total = page.locator('[data-test=site-total]');
      await total.waitFor();
      assert.equal(Number(/\d+/.exec(await total.textContent())[0]), counted);
    },
  },
];
