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
    name: 'the export holds the rows that are seen, and takes two clicks',
    async run({ desk }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      await page.goto('/ledgers/sites?station=houhe');
      await page.locator('a.grid-link').first().waitFor();
      const total = Number(/\d+/.exec(await page.locator('[data-test=ledger-total]').textContent())[0]);
      const way = clicks(page);
      await way.click(page.locator('.tools .el-dropdown .el-button'));
      const item = page.getByRole('menuitem', { name: 'CSV' });
      const [file] = await Promise.all([page.waitForEvent('download'), way.click(item)]);
      assert.ok(way.count <= 3);
      const text = readFileSync(await file.path(), 'utf8');
      const codes = new Set(text.match(/\d{4}-\d{6}-[A-Z]{2}-\d{4}/g));
      assert.equal(codes.size, total, 'rows of the file are the rows of the screen');
    },
  },
];
