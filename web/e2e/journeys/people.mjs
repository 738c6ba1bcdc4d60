// People: wrong passwords, a new account and its first sign-in, forced logout.
import assert from 'node:assert/strict';

import { signIn } from '../browser.mjs';
import { PASSWORD } from '../program.mjs';

export const journeys = [
  {
    name: 'a wrong password is refused in words',
    async run({ desk }) {
      const page = await desk();
      await page.goto('/map');
      await page.waitForURL('**/login**');
      await page.fill('#login', 'bangongshi');
      await page.fill('#password', 'not the password');
      await page.press('#password', 'Enter');
      const said = await page.locator('[role=alert]').textContent();
      assert.match(said, /[\u4e00-\u9fff]/);
    },
  },
  {
    name: 'the administrator adds a person, who must change the one-time password at first sign-in',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'guanli', PASSWORD);
      await page.waitForURL('**/admin**');
      await page.getByRole('button', { name: '新增人员' }).click();
      await page.fill('#person-login', 'xinren');
      await page.fill('#person-name', '太统保护站副站长');
      await page.getByRole('button', { name: '增加岗位' }).click();
      await page.locator('.post .el-select').nth(1).click();
      await page.getByRole('option', { name: /太统/ }).click();
      await page.locator('.post .day input').first().fill('2019-08-01');
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: '增加岗位' }).click();
      await page.locator('.el-dialog .post').nth(1).locator('.el-select').first().click();
      await page.getByRole('option', { name: '护林员' }).last().click();
      await page.locator('.el-dialog .post').nth(1).locator('.el-select').nth(1).click();
      await page.getByRole('option', { name: /太统/ }).last().click();
      await page.locator('.el-dialog .el-button--primary').click();
      const told = await page.locator('[data-test=one-time]').textContent();
      await shot(page, 'admin-people');
      const row = await page.locator('tr', { hasText: 'xinren' }).textContent();
      assert.ok(row.includes('2019-08-01') && row.includes('护林员'), row);
      const once = told.trim().split(/\s+/).at(-1);

      const fresh = await desk();
      await signIn(fresh, 'xinren', once);
      await fresh.waitForURL('**/password');
      await fresh.fill('#old-password', once);
      await fresh.fill('#new-password', PASSWORD);
      await fresh.fill('#repeat-password', PASSWORD);
      await fresh.locator('.el-button--primary').click();
      await fresh.waitForURL('**/workbench');
      await fresh.locator('summary.account').click();
      await fresh.getByRole('button', { name: '动态口令' }).click();
      assert.ok(await fresh.locator('img.qr').evaluate((i) => i.complete && i.naturalWidth > 80), 'the address can be scanned');
      assert.match(await fresh.locator('.secret', { hasText: /[A-Z2-7]{4}/ }).textContent(), /^([A-Z2-7]{4} )+[A-Z2-7]{1,4}$/);

      await page.locator('tr', { hasText: 'xinren' }).getByRole('button', { name: '强制下线' }).click();
      await page.waitForTimeout(500);
      await fresh.goto('/ledgers/sites');
      await fresh.waitForURL('**/login**');
    },
  },
  {
    name: 'a token is told with the addresses to enter elsewhere, and they answer',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      await page.goto('/admin/tokens');
      await page.getByPlaceholder('令牌用途').fill('QGIS');
      await page.getByRole('button', { name: '新建令牌' }).click();
      const addresses = page.locator('[data-test=addresses]');
      await addresses.waitFor();
      await shot(page, 'token-addresses');
      const told = (await addresses.locator('code').allTextContents()).flatMap((text) => text.match(/https?:\/\/[^"]+/g) ?? []);
      assert.equal(new Set(told).size, 4);
      for (const url of told) assert.equal((await fetch(url)).status, 200, url);
    },
  },
  {
    name: 'the administrator reads the log, verifies it and proves an entry',
    async run({ desk }) {
      const page = await desk();
      await signIn(page, 'guanli', PASSWORD);
      await page.goto('/admin/log');
      await page.getByRole('button', { name: '校验' }).click();
      assert.match(await page.locator('[data-test=verified]').textContent(), /完好/);
      const newest = await page.locator('tbody tr').first().textContent();
      await page.getByRole('button', { name: /较早/ }).click();
      await page.waitForFunction((text) => document.querySelector('tbody tr').textContent !== text, newest);
      await page.locator('tbody tr').first().getByRole('button').click();
      await page.locator('dl .hash').first().waitFor();
    },
  },
];
