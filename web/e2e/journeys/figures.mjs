// Figures as of a day, charts taken away as picture and data.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { ask, signIn } from '../browser.mjs';
import { PASSWORD } from '../program.mjs';

async function taken(page, button) {
  const [file] = await Promise.all([page.waitForEvent('download'), button.click()]);
  return readFileSync(await file.path());
}

export const journeys = [
  {
    name: 'the ledger as of a day is what it was that day',
    async run({ desk }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      const now = (await ask(page, '/api/v1/ledgers/sites?limit=1')).body.total;
      const then = (await ask(page, '/api/v1/ledgers/sites?limit=1&as_of=2019-08-01')).body.total;
      assert.notEqual(now, then, 'the demonstration grows over its days');
      await page.goto('/ledgers/sites');
      await page.locator('[data-test=ledger-total]', { hasText: String(now) }).waitFor();
      await page.fill('.as-of input', '2019-08-01');
      await page.locator('[data-test=ledger-total]', { hasText: String(then) }).waitFor();
      assert.ok(page.url().includes('as_of=2019-08-01'));
      await page.locator('.past button').click();
      await page.locator('[data-test=ledger-total]', { hasText: String(now) }).waitFor();
    },
  },
  {
    name: 'a chart is taken away as picture, drawing and data',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'juzhang', PASSWORD);
      const figure = page.locator('figure').first();
      await figure.locator('canvas').waitFor();
      await shot(page, 'dashboard-full', { fullPage: true });
      await figure.locator('canvas').hover({ position: { x: 200, y: 40 } });
      const [png, svg, data] = [0, 1, 2].map((i) => figure.locator('figcaption button').nth(i));
      assert.equal((await taken(page, png)).subarray(1, 4).toString(), 'PNG');
      assert.match((await taken(page, svg)).toString(), /<svg/);
      assert.match((await taken(page, data)).toString(), /,/);
    },
  },
];
