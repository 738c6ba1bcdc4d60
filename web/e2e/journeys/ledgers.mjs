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
      const ledger = (await ask(page, '/api/v1/ledgers/sites?limit=1&filter.station=后河')).body;
      const column = ledger.columns.find((c) => c.key === 'note' && c.is_editable) ?? ledger.columns.find((c) => c.is_editable && !c.list && c.kind === 'text');
      const code = ledger.rows[0].site_code;
      await page.goto(`/ledgers/sites?q=${encodeURIComponent(code)}`);
      await page.locator('a.grid-link', { hasText: code }).waitFor();
      await page.evaluate((key) => document.querySelector('revo-grid').scrollToColumnProp(key), column.key);
      const cell = page.locator(`[data-rgrow="0"][data-rgcol]`).filter({ has: page.locator(':scope') });
      assert.ok((await cell.count()) > 0);
      await page.evaluate(async (key) => {
        const grid = document.querySelector('revo-grid');
        const columns = await grid.getColumns();
        const frozen = columns.filter((c) => c.pin).length;
        const x = columns.findIndex((c) => c.prop === key) - frozen;
        await grid.setCellsFocus({ x, y: 0 }, { x, y: 0 });
        const board = new DataTransfer();
        board.setData('text/plain', '粘贴登记的备注');
        document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: board, bubbles: true }));
      }, column.key);
      await page.locator('.pending').waitFor();
      await page.locator('.pending .el-button--primary').click();
      await page.locator('.el-dialog .plain td', { hasText: '粘贴登记的备注' }).first().waitFor();
      await shot(page, 'ledger-paste-preview');
      await page.locator('.el-dialog__footer input').fill('据保护站电话补充');
      await page.locator('.el-dialog__footer .el-button--primary').click();
      await page.locator('.pending').waitFor({ state: 'detached' });
      const dossier = (await ask(page, `/api/v1/sites/${encodeURIComponent(code)}`)).body;
      assert.ok(JSON.stringify(dossier.facts).includes('粘贴登记的备注'));
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
      await page.locator('[data-test=ledger-total]').waitFor();
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
