// The inbox and the wizard: a dirty batch comes in with its doubts told, and clues are worked down and undone.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ask, clicks, signIn } from '../browser.mjs';
import { PASSWORD } from '../program.mjs';

const openClues = async (page) => (await ask(page, '/api/v1/clues?state=open&limit=1')).body.total;

/** A list as it comes in life: two good rows, one without a place, one far away, one day that is none. */
function dirtyList(folder, [lon, lat]) {
  const path = join(folder, '上级交办线索（浏览器）.csv');
  const row = (n, name, x, y, words) => [n, name, '演示沟', x, y, words].join(',');
  const lines = [
    '序号,线索名称,位置,经度,纬度,反映内容',
    row(1, '演示堆料场甲', (lon + 0.0131).toFixed(6), (lat + 0.0077).toFixed(6), '露天堆放砂石料'),
    row(2, '演示便道乙', (lon - 0.0093).toFixed(6), (lat + 0.0119).toFixed(6), '新修便道约三百米'),
    row(3, '演示养蜂点丙', '', '', '未写位置'),
    row(4, '演示厂房丁', '16.5', '135.5', '经纬度写错'),
    row(5, '演示房屋戊', '一百零六度', lat.toFixed(6), '经度写成文字'),
  ];
  writeFileSync(path, `\uFEFF${lines.join('\r\n')}\r\n`);
  return path;
}

async function stage(page, path) {
  await page.goto('/imports');
  await page.locator('.el-select').first().click();
  await page.getByRole('option', { name: /督察/ }).click();
  await page.locator('.el-select').nth(1).click();
  await page.getByRole('option', { name: 'CGCS2000' }).click();
  await page.setInputFiles('[data-test=import-file]', path);
}

async function commit(page) {
  await page.locator('[data-test=fates]').waitFor({ timeout: 60_000 });
  const box = page.locator('.acts .el-checkbox');
  if (await box.isVisible()) await box.click();
  await page.locator('.acts .el-button--primary').click();
  await page.getByText('✓ 已入库').waitFor({ timeout: 60_000 });
}

const logSize = async (page) => (await ask(page, '/api/v1/sites?limit=1')).body.log_size;

export const journeys = [
  {
    name: 'a dirty batch is checked, mapped, previewed and committed; the same file again changes nothing',
    async run({ desk, program, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      const me = (await ask(page, '/api/v1/session')).body;
      const path = dirtyList(program.folder, me.reserve.centre);
      const before = await logSize(page);
      await stage(page, path);
      await shot(page, 'import-file');
      await page.locator('form .el-button--primary').click();
      await page.locator('[data-test=fates]').waitFor({ timeout: 60_000 });
      assert.ok((await page.locator('.place').count()) > 0, 'doubts are told with their places');
      await page.waitForTimeout(1500);
      await shot(page, 'import-checks', { fullPage: true });
      assert.equal(await logSize(page), before, 'nothing is written before the commit');
      await commit(page);
      await shot(page, 'import-done');
      const after = await logSize(page);
      assert.ok(after > before, 'the good rows came in');
      await stage(page, path);
      await page.locator('form .el-button--primary').click();
      await commit(page);
      assert.ok((await logSize(page)) - after <= 1, 'the same file again adds no clue');
    },
  },
  {
    name: 'a clue is merged with a reason in three clicks, and the merge is undone by a counter-entry',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      const before = await openClues(page);
      assert.ok(before > 0, 'the demonstration leaves clues open');
      const list = (await ask(page, '/api/v1/clues?state=open&limit=200&sort=received_on')).body.items;
      let chosen;
      for (const clue of list) {
        const matches = (await ask(page, `/api/v1/clues/${clue.clue_id}/matches`)).body;
        if (matches.length > 0) {
          chosen = clue.clue_id;
          break;
        }
      }
      assert.ok(chosen, 'an open clue has a proposal');
      const way = clicks(page);
      await way.click('a.number[href*="/clues"]');
      await page.goto(`/clues?clue=${chosen}`);
      way.count += 1;
      await page.locator('.proposals button').first().waitFor();
      await page.waitForTimeout(1500);
      await shot(page, 'clue-matches', { fullPage: true });
      const form = page.locator('form.reason').first();
      await form.locator('input').fill('位置、名称一致');
      await way.click(form.locator('.el-button'));
      await page.locator('[data-test=open-clues]', { hasText: String(before - 1) }).waitFor();
      assert.ok(way.count <= 3, `${way.count} clicks`);
      await page.goto(`/clues?clue_state=linked&clue=${chosen}`);
      const undo = page.locator('form.reason').last();
      await undo.locator('input').fill('核对后不是同一处');
      await undo.locator('.el-button').click();
      await page.waitForFunction(async (n) => (await (await fetch('/api/v1/clues?state=open&limit=1')).json()).total === n, before);
    },
  },
];
