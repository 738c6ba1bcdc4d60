// The tools of the map: measuring, a corrected outline with its reason, a printed sheet, two pictures under a curtain.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ask, signIn } from '../browser.mjs';
import { PASSWORD } from '../program.mjs';

const canvasBox = (page) => page.locator('.maplibregl-canvas').first().boundingBox();
const settled = (page) => page.waitForTimeout(1800);

async function outlined(page) {
  const { items } = (await ask(page, '/api/v1/sites?ledger=verified&limit=60')).body;
  for (const { site_code } of items) {
    const dossier = (await ask(page, `/api/v1/sites/${encodeURIComponent(site_code)}`)).body;
    if (dossier.shape?.type === 'Polygon') return dossier;
  }
  throw new Error('no site with an outline');
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

/** Where the first corner stands on the screen: the editor fits the outline into the map with a known padding. */
function cornerByFit(shape, box) {
  const ring = shape.coordinates[0];
  const mercator = ([lon, lat]) => [lon / 360, -Math.asinh(Math.tan((lat * Math.PI) / 180)) / (2 * Math.PI)];
  const points = ring.map(mercator);
  const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
  const [w, e, n, s] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const [EDGE, PANEL] = [80, 450];
  const left = PANEL + EDGE;
  const scale = Math.min((box.width - left - EDGE) / (e - w), (box.height - 2 * EDGE) / (s - n), 512 * 2 ** 17);
  const [middleX, middleY] = [box.x + (left + box.width - EDGE) / 2, box.y + box.height / 2];
  const [x, y] = points[0];
  return [middleX + (x - (w + e) / 2) * scale, middleY + (y - (n + s) / 2) * scale];
}
