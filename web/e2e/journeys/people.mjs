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
      await page.locator('.el-dialog .el-button--primary').click();
      const told = await page.locator('[data-test=one-time]').textContent();
      await shot(page, 'admin-people');
      const once = told.trim().split(/\s+/).at(-1);

      const fresh = await desk();
      await signIn(fresh, 'xinren', once);
      await fresh.waitForURL('**/password');
      await fresh.fill('#old-password', once);
      await fresh.fill('#new-password', PASSWORD);
      await fresh.fill('#repeat-password', PASSWORD);
      await fresh.locator('.el-button--primary').click();
      await fresh.waitForURL('**/workbench');

      await page.locator('tr', { hasText: 'xinren' }).getByRole('button', { name: '强制下线' }).click();
      await page.waitForTimeout(500);
      await fresh.goto('/ledgers/sites');
      await fresh.waitForURL('**/login**');
    },
  },
];
