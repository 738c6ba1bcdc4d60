// A ledger of 100,000 rows: it opens, scrolls to its end, sorts and filters within the budgets of the design.
import assert from 'node:assert/strict';

import { ask, signIn } from '../browser.mjs';
import { PASSWORD } from '../program.mjs';

const SITES = 100_000;
const MOST_NODES = 1_500;
const MOST_HEAP = 60 * 1024 * 1024;

const nodesOf = (page) => page.evaluate(() => document.querySelectorAll('*').length);
const heapOf = async (page) => {
  const debuggerOf = await page.context().newCDPSession(page);
  await debuggerOf.send('HeapProfiler.collectGarbage');
  return (await debuggerOf.send('Runtime.getHeapUsage')).usedSize;
};

export const journeys = [
  {
    name: 'a ledger of 100,000 rows opens, scrolls to its end, sorts and filters',
    async run({ desk, program, shot }) {
      const { sites } = program.run('--as', 'operator', 'bench', 'sites', '--count', String(SITES));
      assert.equal(sites, SITES);
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      // The server takes the new entries in once; what is measured is the browser.
      const { total } = (await ask(page, '/api/v1/ledgers/sites?limit=1')).body;
      assert.ok(total > SITES, `${total} rows`);
      const began = Date.now();
      await page.goto('/ledgers/sites');
      await page.locator('a.grid-link').first().waitFor({ timeout: 60_000 });
      const opened = Date.now() - began;
      assert.match(await page.locator('[data-test=ledger-total]').textContent(), new RegExp(String(total)));
      await shot(page, 'ledger-100000');
      const last = (await ask(page, `/api/v1/ledgers/sites?limit=1&offset=${total - 1}`)).body.rows[0].site_code;
      await page.evaluate((n) => document.querySelector('revo-grid').scrollToRow(n), total - 1);
      await page.locator('a.grid-link', { hasText: last }).waitFor({ timeout: 60_000 });
      await shot(page, 'ledger-100000-end');
      const [nodes, heap] = [await nodesOf(page), await heapOf(page)];
      console.log(`      ${total} rows: first rows after ${opened} ms, ${nodes} nodes, heap ${(heap / 1024 / 1024).toFixed(1)} MB`);
      assert.ok(nodes <= MOST_NODES, `${nodes} nodes`);
      assert.ok(heap <= MOST_HEAP, `heap of ${heap} bytes`);
      await page.goto('/ledgers/sites?sort=-area_m2&station=houhe');
      await page.locator('a.grid-link').first().waitFor({ timeout: 60_000 });
      const first = (await ask(page, '/api/v1/ledgers/sites?limit=1&sort=-area_m2&station=houhe')).body.rows[0].site_code;
      await page.locator('a.grid-link', { hasText: first }).first().waitFor();
      await page.goto('/ledgers/sites?group=station');
      await page.getByText(/不分组/).waitFor({ timeout: 60_000 });
      await page.goto('/map');
      await page.locator('.maplibregl-canvas').waitFor();
      await page.waitForTimeout(4000);
      await shot(page, 'map-100000');
    },
  },
];
