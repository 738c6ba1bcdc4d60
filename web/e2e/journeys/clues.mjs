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
  await page.getByRole('option', { name: '督察清单' }).click();
  await page.setInputFiles('[data-test=import-file]', path);
  // Inspection lists come from several sources; which one is for the person to say.
  assert.ok(await page.locator('form .el-button--primary').isDisabled(), 'nothing is uploaded before a source is chosen');
  await page.locator('.el-select').nth(1).click();
  await page.getByRole('option', { name: '省级督察' }).click();
  await page.locator('.el-select').nth(2).click();
  await page.getByRole('option', { name: 'CGCS2000' }).click();
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
      await page.locator('[data-row]').first().click();
      await page.locator('tr.chosen').waitFor();
      await shot(page, 'import-checks', { fullPage: true });
      assert.equal(await logSize(page), before, 'nothing is written before the commit');
      await commit(page);
      await shot(page, 'import-done');
      const after = await logSize(page);
      assert.ok(after > before, 'the good rows came in');
      const fresh = (await ask(page, '/api/v1/clues?state=open&source=provincial_inspection&limit=200')).body;
      const known = (await ask(page, '/api/v1/clues?q=演示堆料场甲&limit=5')).body.items;
      assert.equal(known[0]?.source_kind, 'provincial_inspection', `the source is the one that was said, among ${fresh.total}`);
      await stage(page, path);
      await page.locator('form .el-button--primary').click();
      await commit(page);
      assert.ok((await logSize(page)) - after <= 1, 'the same file again adds no clue');
    },
  },
  {
    name: 'the matching of headings is remembered for the next file with the same headings',
    async run({ desk, program }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      const me = (await ask(page, '/api/v1/session')).body;
      await stage(page, dirtyList(program.folder, me.reserve.centre));
      await page.locator('form .el-button--primary').click();
      await page.locator('[data-test=fates]').waitFor({ timeout: 60_000 });
      const words = () => page.locator('tr', { has: page.locator('th', { hasText: '反映内容' }) }).locator('.el-select');
      await words().click();
      await page.getByRole('option', { name: '备注' }).first().click();
      await page.getByRole('button', { name: '记住这种表头的对应' }).click();
      await page.getByRole('button', { name: '放弃这次导入' }).click();
      await stage(page, dirtyList(program.folder, me.reserve.centre));
      await page.locator('form .el-button--primary').click();
      await page.locator('[data-test=fates]').waitFor({ timeout: 60_000 });
      assert.ok(!(await words().textContent()).includes('备注'), 'nothing is taken over unasked');
      await page.getByRole('button', { name: '套用上次的对应' }).click();
      await words().filter({ hasText: '备注' }).waitFor();
      await page.getByRole('button', { name: '放弃这次导入' }).click();
    },
  },
  {
    name: 'a layer asks for its first day, and every kind that the post may import is offered',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      await page.goto('/imports');
      await page.locator('.el-select').first().click();
      for (const kind of ['历年台账', '群众举报位置', '边界与功能区']) await page.getByRole('option', { name: kind }).waitFor();
      await page.getByRole('option', { name: '边界与功能区' }).click();
      await page.getByText('已作出的判别不会改动').waitFor();
      for (const label of ['版本名称', '生效日期', '批复文号']) await page.getByText(label).first().waitFor();
      await shot(page, 'import-layer');
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
      await page.locator('[data-test=site-photos]').waitFor();
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
