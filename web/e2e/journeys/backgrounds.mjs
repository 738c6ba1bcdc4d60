// The office's own layers under the map: county lines with their review number and a hillshade, from the import screen to the printed sheet, and taken down.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ask, signIn } from '../browser.mjs';
import { PASSWORD } from '../program.mjs';

const NUMBER = 'GS(2024)0650号';
const settled = (page) => page.waitForTimeout(2200);

const lines = {
  type: 'FeatureCollection',
  features: [-0.06, -0.02, 0.02, 0.06].map((d, i) => ({
    type: 'Feature',
    properties: { XZQMC: `演示县界${i + 1}` },
    geometry: { type: 'LineString', coordinates: [[106.2, 35.55 + d], [106.9, 35.55 + d]] },
  })),
};

/** How many pixels of a picture of the map are of the lines' violet; labels of other layers come when they come. */
const violet = (page, shot) =>
  page.evaluate(async (base64) => {
    const image = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], { type: 'image/png' }));
    const canvas = new OffscreenCanvas(image.width, image.height);
    const pen = canvas.getContext('2d');
    pen.drawImage(image, 0, 0);
    const { data } = pen.getImageData(0, 0, image.width, image.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) if (data[i] - data[i + 1] > 14 && data[i + 2] - data[i + 1] > 14) count += 1;
    return count;
  }, shot.toString('base64'));
const picture = async (page) => page.screenshot({ clip: await page.locator('.maplibregl-canvas').first().boundingBox(), timeout: 90_000 });

/** Looks until the count is as it should be, or for half a minute. */
async function until(page, isEnough) {
  let count = 0;
  for (let i = 0; i < 15; i++) {
    count = await violet(page, await picture(page));
    if (isEnough(count)) break;
    await page.waitForTimeout(2000);
  }
  return count;
}

async function choose(page, label, option) {
  await page.locator('.fields label', { hasText: label }).locator('.el-select').click();
  await page.locator('.el-select-dropdown__item:visible', { hasText: option }).first().click();
}

export const journeys = [
  {
    name: 'county lines with their review number lie under the map and on the printed sheet',
    async run({ desk, program, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      await page.goto('/map?layers=zones&at=106.53,35.55,11');
      await settled(page);
      await page.locator('[data-test=backgrounds] .empty', { hasText: '还没有底图图层' }).waitFor();
      const bare = await violet(page, await picture(page));
      await page.locator('[data-test=backgrounds] a').click();
      await page.locator('.about', { hasText: '涉密' }).waitFor();
      await choose(page, '底图类别', '行政区划界线');
      await choose(page, '坐标系', 'CGCS2000');
      await page.locator('[data-test=background-name]').fill('县级行政区划界线');
      await page.locator('[data-test=data-source]').fill('国家地理信息公共服务平台');
      await page.locator('[data-test=review-number]').fill(NUMBER);
      const file = join(program.folder, '县界.geojson');
      writeFileSync(file, JSON.stringify(lines));
      await page.setInputFiles('[data-test=import-file]', file);
      await shot(page, 'background-import');
      await page.getByRole('button', { name: '上传并诊断' }).click();
      await page.locator('[data-test=fates]', { hasText: '4 启用' }).waitFor();
      await page.locator('tr[data-row]', { hasText: '演示县界2' }).waitFor();
      await settled(page);
      await shot(page, 'background-preview', { fullPage: true });
      await page.getByRole('button', { name: '入库', exact: true }).click();
      await page.getByRole('link', { name: '到一张图查看' }).click();
      await page.goto('/map?layers=zones&at=106.53,35.55,11');
      await settled(page);
      await page.locator('[data-test=basemap-credit]', { hasText: `审图号：${NUMBER}` }).waitFor();
      const drawn = await until(page, (count) => count > bare + 500);
      await shot(page, 'background-lines');
      assert.ok(drawn > bare + 500, `${bare} and ${drawn} pixels`);
      await page.locator('[data-test=backgrounds] input').uncheck();
      await settled(page);
      const off = await until(page, (count) => count < bare + 60);
      assert.ok(off < bare + 60, `switched off, there are ${off} pixels where there were ${bare}`);
      assert.equal(await page.locator('[data-test=basemap-credit]').count(), 0);
      // What was switched off stays off at this desk, and the link says what its sender saw.
      assert.match(page.url(), /ground=-/);
      await page.goto('/map');
      await page.locator('[data-test=backgrounds] input').waitFor();
      assert.equal(await page.locator('[data-test=backgrounds] input').isChecked(), false);
      await page.locator('[data-test=backgrounds] input').check();
      await settled(page);
      await page.getByRole('button', { name: '出图' }).click();
      await page.locator('.sheet img').waitFor();
      await shot(page, 'background-sheet');
      const text = await page.locator('.sheet').textContent();
      assert.ok(text.includes(`审图号：${NUMBER}`), text);
      assert.ok((await page.locator('[data-test=sheet-sources]').textContent()).includes('国家地理信息公共服务平台'));
    },
  },
  {
    // After the one before, which brings the layer.
    name: 'county lines are seen by a station, and taken down by the office with a reason',
    async run({ desk, shot }) {
      const station = await desk();
      await signIn(station, 'houhe', PASSWORD);
      await station.goto('/map');
      const layers = station.locator('[data-test=backgrounds] [data-background]');
      await layers.first().waitFor();
      assert.equal(await station.locator('[data-test=backgrounds] .leave').count(), 0);
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      await page.goto('/map');
      const first = page.locator('[data-test=backgrounds] [data-background]').first();
      const code = await first.getAttribute('data-background');
      await first.locator('.leave').click();
      await first.locator('.reason input').fill('改用新版界线');
      await shot(page, 'background-withdraw');
      await first.locator('.reason button').click();
      await page.locator(`[data-background="${code}"]`).waitFor({ state: 'detached' });
      const listed = (await ask(page, '/api/v1/backgrounds')).body;
      assert.ok(!listed.some((b) => b.code === code));
      await station.reload();
      await station.locator('[data-test=backgrounds] .empty', { hasText: '由局办公室导入' }).waitFor();
    },
  },
];
