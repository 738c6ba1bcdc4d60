// Figures as of a day, charts taken away as picture and data.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { ask, signIn } from '../browser.mjs';
import { PASSWORD } from '../program.mjs';

async function taken(page, button) {
  const [file] = await Promise.all([page.waitForEvent('download'), button.click()]);
  return readFileSync(await file.path());
}

export const journeys = [
  {
    name: 'the ledger as of a day is what it was that day',
    async run({ desk }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      const now = (await ask(page, '/api/v1/ledgers/sites?limit=1')).body.total;
      const then = (await ask(page, '/api/v1/ledgers/sites?limit=1&as_of=2019-08-01')).body.total;
      assert.notEqual(now, then, 'the demonstration grows over its days');
      await page.goto('/ledgers/sites');
      await page.locator('[data-test=ledger-total]', { hasText: String(now) }).waitFor();
      await page.fill('.as-of input', '2019-08-01');
      await page.keyboard.press('Enter');
      await page.locator('[data-test=ledger-total]', { hasText: String(then) }).waitFor();
      assert.ok(page.url().includes('as_of=2019-08-01'));
      await page.locator('.past button').click();
      await page.locator('[data-test=ledger-total]', { hasText: String(now) }).waitFor();
    },
  },
  {
    name: 'every number opens the list that makes it, as of the day looked at and within the area chosen',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'juzhang', PASSWORD);
      await page.goto('/dashboard?as_of=2019-08-18');
      const cross = page.locator('table.cross');
      await cross.waitFor();
      for (const link of [cross.locator('tbody tr').first().locator('a').first(), cross.locator('tbody tr').last().locator('a').last(), page.locator('.pair > a').nth(1).or(page.locator('.pair > a').last()).first()]) {
        const [count, href] = [/\d+/.exec(await link.textContent())[0], await link.getAttribute('href')];
        assert.match(href, /as_of=2019-08-18/);
        const { searchParams } = new URL(href, page.url());
        assert.equal((await ask(page, `/api/v1/sites?${searchParams}&limit=1`)).body.total, Number(count), href);
      }
      await cross.locator('a').first().focus();
      await page.keyboard.press('Enter');
      await page.waitForURL('**/sites?**as_of=2019-08-18**');
      await page.goto('/dashboard');
      await page.locator('.scope .el-select').nth(1).click();
      await page.getByRole('option', { name: /后河/ }).click();
      await page.waitForURL('**lead=**');
      await page.getByText(/范围：.*后河/).waitFor();
      const ratio = page.locator('button', { hasText: /^\d+$/ }).first();
      await ratio.click();
      const n = /（(\d+)）/.exec(await page.locator('.el-dialog__title').textContent())[1];
      assert.equal(await page.locator('.el-dialog li').count(), Number(n));
      assert.equal((await ratio.textContent()).trim(), n);
      await shot(page, 'dashboard-area');
      for (const name of [/统计表/, /判别汇总/, /检查表/]) {
        await page.keyboard.press('Escape');
        const file = await taken(page, page.getByRole('button', { name }).first());
        assert.equal(file.subarray(0, 2).toString(), 'PK', 'a workbook');
      }
    },
  },
  {
    name: 'a chart is taken away as picture, drawing and data',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'juzhang', PASSWORD);
      const figure = page.locator('figure').first();
      await figure.locator('canvas').waitFor();
      await shot(page, 'dashboard-full', { fullPage: true });
      await figure.locator('canvas').hover({ position: { x: 200, y: 40 } });
      const [png, svg, data] = [0, 1, 2].map((i) => figure.locator('figcaption button').nth(i));
      assert.equal((await taken(page, png)).subarray(1, 4).toString(), 'PNG');
      assert.match((await taken(page, svg)).toString(), /<svg/);
      assert.match((await taken(page, data)).toString(), /,/);
    },
  },
];
