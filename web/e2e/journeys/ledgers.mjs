// The ledger: edit with a reason, paste with a preview, export of exactly what is seen.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { ask, clicks, signIn } from '../browser.mjs';
import { PASSWORD } from '../program.mjs';

export const journeys = [
  {
    name: 'cells pasted from a spreadsheet are previewed, recorded with a reason, and stand in the history',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      const ledger = (await ask(page, '/api/v1/ledgers/sites?limit=1&station=houhe')).body;
      const at = ledger.columns.findIndex((c) => c.key === 'village' && c.is_editable);
      assert.ok(at > 0, 'the village can be amended in the ledger');
      const code = ledger.rows[0].site_code;
      await page.goto(`/ledgers/sites?q=${encodeURIComponent(code)}`);
      await page.locator('a.grid-link', { hasText: code }).waitFor();
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await page.evaluate(() => navigator.clipboard.writeText('粘贴登记的村名'));
      await page.locator('.rgCell.is-editable', { hasText: ledger.rows[0].cells[at] }).first().click();
      await page.waitForTimeout(300);
      await page.keyboard.press('Control+V');
      await page.locator('.pending').waitFor();
      await page.locator('.pending .el-button--primary').click();
      await page.locator('.el-dialog .plain td', { hasText: '粘贴登记的村名' }).first().waitFor();
      await shot(page, 'ledger-paste-preview');
      await page.locator('.el-dialog__footer input').fill('据保护站电话补充');
      await page.locator('.el-dialog__footer .el-button--primary').click();
      await page.locator('.pending').waitFor({ state: 'detached' });
      const dossier = (await ask(page, `/api/v1/sites/${encodeURIComponent(code)}`)).body;
      assert.ok(JSON.stringify(dossier.facts).includes('粘贴登记的村名'));
      await page.goto(`/sites/${encodeURIComponent(code)}#timeline`);
      await page.locator('#timeline li', { hasText: '据保护站电话补充' }).or(page.locator('#timeline pre', { hasText: '据保护站电话补充' })).first().waitFor({ state: 'attached' });
    },
  },
  {
    name: 'the ledger is grouped by station, and the address keeps it',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      await page.goto('/ledgers/sites');
      await page.locator('a.grid-link').first().waitFor();
      await page.locator('.el-select.group').click();
      await page.getByRole('option', { name: '保护站' }).click();
      const heads = page.locator('revo-grid .groupingRow');
      await heads.first().waitFor();
      await shot(page, 'ledger-grouped');
      const { tables } = (await ask(page, '/api/v1/statistics')).body;
      const stations = tables.find((s) => s.id === 'by_station').rows.map((r) => r.labels[0]);
      assert.ok(stations.length >= 4);
      await heads.filter({ hasText: '后河保护站' }).waitFor();
      assert.match(page.url(), /group=station/);
    },
  },
  {
    name: 'two days of a ledger are laid side by side: what came, went and changed',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      await page.goto('/ledgers/focal');
      await page.locator('a.grid-link').first().waitFor();
      await page.locator('.tools').getByRole('button', { name: '两日对比' }).click();
      const dialog = page.locator('.el-dialog');
      await dialog.locator('input[type=date]').first().fill('2019-08-18');
      await dialog.locator('input[type=date]').last().fill('2019-08-19');
      await dialog.getByRole('button', { name: '对比' }).click();
      await dialog.locator('.found tr').first().waitFor();
      await shot(page, 'ledger-difference');
      const told = (await ask(page, '/api/v1/ledgers/focal/diff?from=2019-08-18&to=2019-08-19')).body;
      assert.ok(told.added.length + told.removed.length + told.changed.length > 0, 'the two days differ');
      const text = await dialog.locator('.found').textContent();
      for (const code of [...told.added, ...told.removed, ...told.changed.map((c) => c.site_code)]) assert.ok(text.includes(code), code);
      assert.ok(text.includes(`新增 ${told.added.length}`) && text.includes(`减少 ${told.removed.length}`));
    },
  },
  {
    name: 'the monthly ledger is handed in in three clicks; a view of one’s own is kept',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      await page.waitForURL('**/workbench');
      const way = clicks(page);
      await way.click(page.getByRole('navigation').getByRole('link', { name: '台账' }));
      await way.click(page.locator('.views').getByRole('link', { name: '全局台账上报省林草局' }));
      await page.waitForURL('**as_of=2019-08-19**');
      await page.locator('a.grid-link').first().waitFor();
      const [file] = await Promise.all([page.waitForEvent('download'), way.click(page.locator('.tools .el-dropdown .el-button').first())]);
      assert.equal(way.count, 3);
      assert.match(file.suggestedFilename(), /2019-08-19\.xlsx$/);
      await page.goto('/ledgers/sites?station=houhe&sort=-area_m2');
      await page.locator('a.grid-link').first().waitFor();
      await page.getByRole('button', { name: '保存当前视图' }).click();
      await page.locator('.views input').fill('后河大面积');
      await page.keyboard.press('Enter');
      await page.reload();
      await page.locator('a.grid-link').first().waitFor();
      await shot(page, 'ledger-views');
      await page.goto('/ledgers/focal');
      await page.locator('.views').getByRole('link', { name: '后河大面积' }).click();
      await page.waitForURL('**/ledgers/sites?station=houhe&sort=-area_m2');
      await page.locator('.views').getByRole('button', { name: /后河大面积/ }).click();
      assert.equal(await page.locator('.views').getByRole('link', { name: '后河大面积' }).count(), 0);
    },
  },
  {
    name: 'the export holds the rows that are seen, and takes two clicks',
    async run({ desk }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      await page.goto('/ledgers/sites?station=houhe');
      await page.locator('a.grid-link').first().waitFor();
      const total = Number(/\d+/.exec(await page.locator('[data-test=ledger-total]').textContent())[0]);
      const way = clicks(page);
      await way.click(page.locator('.tools .el-dropdown .el-button').last());
      const item = page.getByRole('menuitem', { name: 'CSV' });
      const [file] = await Promise.all([page.waitForEvent('download'), way.click(item)]);
      assert.ok(way.count <= 3);
      const text = readFileSync(await file.path(), 'utf8');
      const codes = new Set(text.match(/\d{4}-\d{6}-[A-Z]{2}-\d{4}/g));
      assert.equal(codes.size, total, 'rows of the file are the rows of the screen');
    },
  },
];
