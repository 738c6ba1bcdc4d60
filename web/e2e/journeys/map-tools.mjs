// The tools of the map: measuring, a corrected outline with its reason, a printed sheet, two pictures under a curtain.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ask, signIn } from '../browser.mjs';
import { PASSWORD } from '../program.mjs';

const canvasBox = (page) => page.locator('.maplibregl-canvas').first().boundingBox();
const settled = (page) => page.waitForTimeout(1800);

async function outlined(page, except = '') {
  const { items } = (await ask(page, '/api/v1/sites?ledger=verified&limit=60')).body;
  for (const { site_code } of items.filter((i) => i.site_code !== except)) {
    const dossier = (await ask(page, `/api/v1/sites/${encodeURIComponent(site_code)}`)).body;
    if (dossier.shape?.type === 'Polygon') return dossier;
  }
  throw new Error('no site with an outline');
}

async function pointed(page) {
  const { items } = (await ask(page, '/api/v1/sites?limit=200')).body;
  for (const { site_code, zone_kind } of items.filter((i) => i.zone_kind)) {
    const dossier = (await ask(page, `/api/v1/sites/${encodeURIComponent(site_code)}`)).body;
    if (zone_kind && (!dossier.shape || dossier.shape.type === 'Point') && dossier.lon) return dossier;
  }
  throw new Error('no site is a place alone');
}

export const journeys = [
  {
    name: 'an area is measured on the ellipsoid in three units',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'houhe', PASSWORD);
      await page.goto('/map?at=106.53,35.55,15');
      await settled(page);
      await page.getByRole('button', { name: '量算' }).click();
      await page.locator('.tool').waitFor();
      const box = await canvasBox(page);
      const at = (x, y) => [box.x + box.width / 2 + x, box.y + box.height / 2 + y];
      for (const [x, y] of [[-80, -60], [80, -60], [80, 60], [-80, 60]]) {
        await page.mouse.move(...at(x, y), { steps: 3 });
        await page.mouse.click(...at(x, y));
        await page.waitForTimeout(150);
      }
      await page.mouse.click(...at(-80, -60));
      const said = await page.locator('[data-test=measured-area]').textContent();
      await shot(page, 'map-measure');
      const [, m2, ha, mu] = /([\d,.]+) 平方米（([\d,.]+) 公顷，([\d,.]+) 亩）/.exec(said);
      const number = (text) => Number(text.replaceAll(',', ''));
      // A rectangle of 160 × 120 pixels of 512-pixel tiles at zoom 15.
      const pixel = (Math.cos((35.55 * Math.PI) / 180) * 40_075_017) / (512 * 2 ** 15);
      const expected = 160 * 120 * pixel * pixel;
      assert.ok(Math.abs(number(m2) / expected - 1) < 0.05, `${m2} is not near ${expected}`);
      assert.ok(Math.abs(number(ha) - number(m2) / 10_000) < 0.001 && Math.abs(number(mu) - (number(m2) * 15) / 10_000) < 0.01);
    },
  },
  {
    name: 'an outline is corrected by dragging a corner, undone, and recorded with a reason',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      const before = await outlined(page);
      await page.goto(`/map?site=${encodeURIComponent(before.site_code)}&at=${before.lon},${before.lat},17`);
      await page.locator('aside.card-box').getByRole('button', { name: '修改边界' }).click();
      await page.locator('.tool').waitFor();
      await settled(page);
      const sum = page.locator('.tool dd').nth(1);
      const original = await sum.textContent();
      const [x, y] = cornerByFit(before.shape, await canvasBox(page));
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(x + 30, y - 22, { steps: 6 });
      await page.mouse.up();
      const isSum = (text) => page.waitForFunction((t) => document.querySelectorAll('.tool dd')[1]?.textContent === t, text);
      const isOtherSum = (text) => page.waitForFunction((t) => document.querySelectorAll('.tool dd')[1]?.textContent !== t, text);
      await isOtherSum(original);
      await shot(page, 'map-outline');
      await page.getByRole('button', { name: '撤销', exact: true }).click();
      await isSum(original);
      // Undoing further leaves the outline on the table.
      await page.getByRole('button', { name: '撤销', exact: true }).click();
      await isSum(original);
      await page.getByRole('button', { name: '重做' }).click();
      await isOtherSum(original);
      await page.locator('[data-test=outline-reason] input, input[data-test=outline-reason]').fill('据无人机正射影像更正');
      await page.getByRole('button', { name: '登记新边界' }).click();
      await page.locator('.tool').waitFor({ state: 'detached' });
      const after = (await ask(page, `/api/v1/sites/${encodeURIComponent(before.site_code)}`)).body;
      assert.notDeepEqual(after.shape, before.shape);
      assert.ok(after.version > before.version);
    },
  },
  {
    name: 'an outline of several parts with a hole keeps them all when one corner is moved',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      const site = await outlined(page);
      const { csrf_token } = (await ask(page, '/api/v1/session')).body;
      const [lon, lat] = [site.lon, site.lat];
      const square = (x, y, size) => [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]].map(([dx, dy]) => [Number((lon + x + dx * size).toFixed(7)), Number((lat + y + dy * size).toFixed(7))]);
      const shape = { type: 'MultiPolygon', coordinates: [[square(0, 0, 0.001), square(0.0003, 0.0003, 0.0003).reverse()], [square(0.0014, 0, 0.0006)]] };
      const path = `/api/v1/sites/${encodeURIComponent(site.site_code)}`;
      const made = await ask(page, `${path}/amendments`, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf_token }, body: JSON.stringify({ facts: {}, shape, reason: '演示：分为两块', based_on: site.version }) });
      assert.equal(made.status, 200, JSON.stringify(made.body));
      const before = (await ask(page, path)).body;
      await page.goto(`/map?site=${encodeURIComponent(site.site_code)}&tool=draw`);
      await page.locator('.tool dd', { hasText: '2 块' }).first().waitFor();
      await settled(page);
      const original = await page.locator('.tool dd').nth(1).textContent();
      const [x, y] = cornerByFit({ coordinates: [before.shape.coordinates.flat(2)] }, await canvasBox(page), before.shape.coordinates[0][0][0]);
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(x - 20, y + 20, { steps: 6 });
      await page.mouse.up();
      await page.waitForFunction((t) => document.querySelectorAll('.tool dd')[1]?.textContent !== t, original);
      await shot(page, 'map-parts');
      await page.locator('input[data-test=outline-reason]').fill('据现场测量更正一角');
      await page.getByRole('button', { name: '登记新边界' }).click();
      await page.locator('.tool').waitFor({ state: 'detached' });
      const after = (await ask(page, path)).body;
      assert.equal(after.shape.type, 'MultiPolygon');
      assert.deepEqual(after.shape.coordinates.map((rings) => rings.length), [2, 1], 'both parts and the hole are there');
      assert.notDeepEqual(after.shape, before.shape);
    },
  },
  {
    name: 'a corner catches on the corner of a neighbour and is recorded exactly there',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      const neighbour = await outlined(page);
      const site = await outlined(page, neighbour.site_code);
      const path = `/api/v1/sites/${encodeURIComponent(site.site_code)}`;
      const [lon, lat] = neighbour.shape.coordinates[0].reduce((a, b) => (b[0] > a[0] ? b : a));
      const ring = [[0.0002, 0.0001], [0.0012, 0.0001], [0.0012, 0.0009], [0.0002, 0.0009], [0.0002, 0.0001]].map(([x, y]) => [Number((lon + x).toFixed(7)), Number((lat + y).toFixed(7))]);
      const { csrf_token } = (await ask(page, '/api/v1/session')).body;
      const made = await ask(page, `${path}/amendments`, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf_token }, body: JSON.stringify({ facts: {}, shape: { type: 'Polygon', coordinates: [ring] }, reason: '演示：相邻', based_on: site.version }) });
      assert.equal(made.status, 200, JSON.stringify(made.body));
      const before = (await ask(page, path)).body;
      await page.goto(`/map?site=${encodeURIComponent(site.site_code)}&tool=draw`);
      await page.locator('.tool dd').nth(1).filter({ hasText: '平方米' }).waitFor();
      await settled(page);
      const box = await canvasBox(page);
      const [x, y] = cornerByFit(before.shape, box, ring[0]);
      const [toX, toY] = cornerByFit(before.shape, box, [lon, lat]);
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(toX + 5, toY - 4, { steps: 8 });
      await shot(page, 'map-caught');
      await page.mouse.up();
      await page.locator('input[data-test=outline-reason]').fill('与相邻点位共用界点');
      await page.getByRole('button', { name: '登记新边界' }).click();
      await page.locator('.tool').waitFor({ state: 'detached' });
      const corners = (await ask(page, path)).body.shape.coordinates[0];
      assert.ok(corners.some(([a, b]) => Math.abs(a - lon) < 1e-8 && Math.abs(b - lat) < 1e-8), `${JSON.stringify(corners)} has no corner at ${lon} ${lat}`);
    },
  },
  {
    name: 'a site without an outline is moved by a coordinate, with its reason',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      const site = await pointed(page);
      await page.goto(`/map?site=${encodeURIComponent(site.site_code)}&tool=draw`);
      const [lon, lat] = [site.lon + 0.0005, site.lat + 0.0005];
      const field = page.locator('input[data-test=position]');
      await field.fill(`${lat.toFixed(7)}N ${lon.toFixed(7)}E`);
      await field.press('Enter');
      await page.locator('[data-test=new-place]', { hasText: lon.toFixed(6).slice(0, 9) }).waitFor();
      await shot(page, 'map-point');
      await page.locator('input[data-test=outline-reason]').fill('据现场测量更正位置');
      await page.getByRole('button', { name: '登记新位置' }).click();
      await page.locator('.tool').waitFor({ state: 'detached' });
      const after = (await ask(page, `/api/v1/sites/${encodeURIComponent(site.site_code)}`)).body;
      assert.ok(Math.abs(after.lon - lon) < 1e-6 && Math.abs(after.lat - lat) < 1e-6, `${after.lon} ${after.lat}`);
    },
  },
  {
    name: 'the map is printed as a sheet with legend, scale, north and sources',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'ducha', PASSWORD);
      await page.goto('/map?layers=zones,stations,routes,patches,sites');
      await settled(page);
      await page.getByRole('button', { name: '出图' }).click();
      await page.locator('.sheet img').waitFor();
      await shot(page, 'map-sheet');
      const text = await page.locator('.sheet').textContent();
      await page.locator('[data-test=sheet-sources]', { hasText: '批复' }).waitFor();
      for (const part of ['图例', '资料来源', '制图日期', 'CGCS2000', '巡护路线', '遥感图斑']) assert.ok(text.includes(part), part);
      assert.match(await page.locator('.sheet .scale').textContent(), /\d+ k?m/);
    },
  },
  {
    name: 'two pictures lie under a curtain that the keyboard moves',
    async run({ desk, program, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      await page.goto('/compare');
      await settled(page);
      const pictures = await page.evaluate(() =>
        ['#8fbf8f', '#d0b080'].map((colour) => {
          const canvas = document.createElement('canvas');
          canvas.width = canvas.height = 200;
          const pen = canvas.getContext('2d');
          pen.fillStyle = colour;
          pen.fillRect(0, 0, 200, 200);
          return canvas.toDataURL('image/png').split(',')[1];
        }),
      );
      for (const [i, data] of pictures.entries()) {
        const image = join(program.folder, `期${i}.png`);
        const world = join(program.folder, `期${i}.pgw`);
        writeFileSync(image, Buffer.from(data, 'base64'));
        writeFileSync(world, '0.0005\n0\n0\n-0.0005\n106.50025\n35.59975\n');
        await page.locator('.chooser input').nth(i).setInputFiles([image, world]);
      }
      await settled(page);
      const curtain = page.locator('.swipe input');
      await curtain.focus();
      for (let i = 0; i < 20; i++) await page.keyboard.press('ArrowLeft');
      assert.equal(await curtain.inputValue(), '30');
      await shot(page, 'compare-pictures');
    },
  },
];

/** Where a corner, else the first, stands on the screen: the editor fits the outline into the map with a known padding. */
function cornerByFit(shape, box, corner = shape.coordinates[0][0]) {
  const ring = shape.coordinates[0];
  const mercator = ([lon, lat]) => [lon / 360, -Math.asinh(Math.tan((lat * Math.PI) / 180)) / (2 * Math.PI)];
  const points = ring.map(mercator);
  const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
  const [w, e, n, s] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const [EDGE, PANEL] = [80, 450];
  const left = PANEL + EDGE;
  const scale = Math.min((box.width - left - EDGE) / (e - w), (box.height - 2 * EDGE) / (s - n), 512 * 2 ** 17);
  const [middleX, middleY] = [box.x + (left + box.width - EDGE) / 2, box.y + box.height / 2];
  const [x, y] = mercator(corner);
  return [middleX + (x - (w + e) / 2) * scale, middleY + (y - (n + s) / 2) * scale];
}
