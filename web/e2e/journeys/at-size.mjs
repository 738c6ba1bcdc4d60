// Budgets, relative to a calibration loop in the same browser because machines differ: the first rows and the first map of the
// demonstration reserve; then a ledger of 100,000 rows that opens, scrolls to its end, sorts, filters and groups.
import assert from 'node:assert/strict';

import { ask, mapIsDrawn, signIn } from '../browser.mjs';
import { PASSWORD } from '../program.mjs';

const SITES = 100_000;
const MOST_NODES = 1_500;
const MOST_HEAP = 60 * 1024 * 1024;
/** Times of the calibration loop, about three times what was measured on the machine the budgets were set on. */
const MOST_LOOPS = { rows: 12, map: 30 };
const RUNS = 3;

/** How long this browser takes, here and now, for a fixed piece of work: sorting, text and small objects, as pages do. */
const calibrate = (page) =>
  page.evaluate(() => {
    const began = performance.now();
    let seed = 7;
    const next = () => (seed = (seed * 16_807) % 2_147_483_647);
    const rows = Array.from({ length: 120_000 }, (_, i) => ({ code: `2019-${next()}`, at: i }));
    rows.sort((a, b) => (a.code < b.code ? -1 : 1));
    const text = rows.map((r) => r.code + r.at).join();
    if (text.length < 1) throw new Error('nothing was done');
    return performance.now() - began;
  });

const middle = (times) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];

/** The middle of a few runs of both, taken in turn so that a busy moment hits both. */
async function inLoops(page, act) {
  const [loops, times] = [[], []];
  for (let i = 0; i < RUNS; i++) {
    loops.push(await calibrate(page));
    const began = performance.now();
    await act();
    times.push(performance.now() - began);
  }
  return { loop: middle(loops), time: middle(times) };
}

async function hold(page, name, most, act) {
  const { loop, time } = await inLoops(page, act);
  console.log(`      ${name}: ${time.toFixed(0)} ms, calibration loop ${loop.toFixed(0)} ms, ${(time / loop).toFixed(1)} loops of ${most}`);
  assert.ok(time / loop <= most, `${name}: ${(time / loop).toFixed(1)} loops`);
}

const firstRows = async (page) => {
  await page.goto('/ledgers/sites');
  await page.locator('a.grid-link').first().waitFor({ timeout: 60_000 });
};
const firstMap = async (page) => {
  await Promise.all([page.waitForResponse(/tiles\/sites\/.*\.mvt/), page.goto('/map')]);
  assert.ok(await mapIsDrawn(page), 'the map is more than blank paper');
};

const nodesOf = (page) => page.evaluate(() => document.querySelectorAll('*').length);
const heapOf = async (page) => {
  const debuggerOf = await page.context().newCDPSession(page);
  await debuggerOf.send('HeapProfiler.collectGarbage');
  return (await debuggerOf.send('Runtime.getHeapUsage')).usedSize;
};

export const journeys = [
  {
    name: 'first rows and first map of the reserve come within their budgets',
    async run({ desk }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      await firstRows(page);
      await hold(page, 'first ledger rows', MOST_LOOPS.rows, () => firstRows(page));
      await hold(page, 'first map screen', MOST_LOOPS.map, () => firstMap(page));
    },
  },
  {
    name: 'a ledger of 100,000 rows opens, scrolls to its end, sorts, filters and groups',
    async run({ desk, program, shot }) {
      const { sites } = program.run('--as', 'operator', 'bench', 'sites', '--count', String(SITES));
      assert.equal(sites, SITES);
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      // The server takes the new entries in once; what is measured is the browser.
      const { total } = (await ask(page, '/api/v1/ledgers/sites?limit=1')).body;
      assert.ok(total > SITES, `${total} rows`);
      const loop = await calibrate(page);
      const began = performance.now();
      await firstRows(page);
      const opened = performance.now() - began;
      assert.match(await page.locator('[data-test=ledger-total]').textContent(), new RegExp(String(total)));
      await shot(page, 'ledger-100000');
      const last = (await ask(page, `/api/v1/ledgers/sites?limit=1&offset=${total - 1}`)).body.rows[0].site_code;
      await page.evaluate((n) => document.querySelector('revo-grid').scrollToRow(n), total - 1);
      await page.locator('a.grid-link', { hasText: last }).waitFor({ timeout: 60_000 });
      await shot(page, 'ledger-100000-end');
      const [nodes, heap] = [await nodesOf(page), await heapOf(page)];
      console.log(`      ${total} rows: first rows after ${opened.toFixed(0)} ms (calibration loop ${loop.toFixed(0)} ms), ${nodes} nodes, heap ${(heap / 1024 / 1024).toFixed(1)} MB`);
      assert.ok(nodes <= MOST_NODES, `${nodes} nodes`);
      assert.ok(heap <= MOST_HEAP, `heap of ${heap} bytes`);
      await page.goto('/ledgers/sites?sort=-area_m2&station=houhe');
      await page.locator('a.grid-link').first().waitFor({ timeout: 60_000 });
      const first = (await ask(page, '/api/v1/ledgers/sites?limit=1&sort=-area_m2&station=houhe')).body.rows[0].site_code;
      await page.locator('a.grid-link', { hasText: first }).first().waitFor();
      await page.goto('/ledgers/sites?group=station');
      const { groups } = (await ask(page, '/api/v1/ledgers/sites/groups?by=station')).body;
      assert.equal(groups.reduce((n, g) => n + g.count, 0), total, 'groups count every row');
      await page.locator('.groups .group').nth(groups.length - 1).waitFor({ timeout: 60_000 });
      await page.locator('.groups .group button').first().click();
      await page.locator('a.grid-link').first().waitFor({ timeout: 60_000 });
      await shot(page, 'ledger-100000-grouped');
      await page.getByRole('button', { name: '打印' }).click();
      await page.getByText(/超过打印上限/).waitFor();
      await page.goto('/map');
      await page.locator('.maplibregl-canvas').waitFor();
      await page.waitForTimeout(4000);
      await shot(page, 'map-100000');
    },
  },
];
