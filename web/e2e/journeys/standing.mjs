// A site is set otherwise, merged or withdrawn by the office, each with its reason; the dossier stays.
import assert from 'node:assert/strict';

import { ask, signIn } from '../browser.mjs';
import { PASSWORD } from '../program.mjs';

const sitesOf = async (page, query) => (await ask(page, `/api/v1/sites?${query}`)).body;
const dossier = async (page, code) => (await ask(page, `/api/v1/sites/${encodeURIComponent(code)}`)).body;

/** Sites on which nothing is being put right: an open issue stays where it was opened. */
async function withoutIssue(page, sites, count) {
  const found = [];
  for (const site of sites) {
    if (found.length === count) break;
    if ((await dossier(page, site.site_code)).issues.length === 0) found.push(site);
  }
  assert.equal(found.length, count, 'sites without an issue');
  return found;
}

async function act(page, code, button) {
  await page.goto(`/sites/${encodeURIComponent(code)}#standing`);
  const card = page.locator('#standing');
  await card.getByRole('button', { name: button }).first().click();
  return card;
}

async function choose(page, card, option) {
  await card.locator('.el-select').click();
  await page.getByRole('option', { name: option }).first().click();
}

export const journeys = [
  {
    name: 'a focal category is set otherwise with a reason',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      const site = (await sitesOf(page, 'ledger=sites&focal=yes&limit=1')).items[0];
      const card = await act(page, site.site_code, '改定焦点问题');
      await choose(page, card, '不属于焦点问题');
      await card.locator('form.reason input').first().fill('设施已拆除，不再属于焦点类别');
      await shot(page, 'standing-focal');
      await card.locator('form.reason .el-button').click();
      await page.locator('.page-head .el-tag').waitFor({ state: 'detached' });
      assert.equal((await dossier(page, site.site_code)).focal_category, null);
      await page.locator('#timeline li', { hasText: '焦点改定' }).first().waitFor();
    },
  },
  {
    name: 'a site is merged into the one it turned out to be, its clues follow, and come back when it is restored',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      const [gone, stays] = await withoutIssue(page, (await sitesOf(page, 'ledger=sites&station=taitong&limit=50')).items, 2);
      const own = (await dossier(page, gone.site_code)).clues.length;
      const before = own + (await dossier(page, stays.site_code)).clues.length;
      const card = await act(page, gone.site_code, '点位合并');
      await card.locator('.el-select input').fill(stays.site_code);
      await page.getByRole('option', { name: stays.site_code }).click();
      await card.locator('form.reason input').first().fill('现场核对为同一处设施');
      await shot(page, 'standing-merge');
      await card.locator('form.reason .el-button').click();
      await page.waitForURL(`**/sites/${encodeURIComponent(stays.site_code)}**`);
      assert.equal((await dossier(page, stays.site_code)).clues.length, before);
      await page.goto(`/sites/${encodeURIComponent(gone.site_code)}`);
      await page.getByText('已归并到').waitFor();
      const restored = page.locator('#standing');
      assert.deepEqual(await restored.locator('.acts .el-button').allTextContents(), ['点位恢复'], 'nothing else is decided on it');
      await restored.getByRole('button', { name: '点位恢复' }).click();
      await restored.locator('form.reason input').fill('经复核不是同一处设施');
      await restored.locator('form.reason .el-button').click();
      await page.getByText('已归并到').waitFor({ state: 'detached' });
      assert.equal((await dossier(page, gone.site_code)).clues.length, own);
    },
  },
  {
    name: 'a site registered by mistake is withdrawn by the office, and a station has no such button',
    async run({ desk }) {
      const head = await desk();
      await signIn(head, 'mawu', PASSWORD);
      const site = (await sitesOf(head, 'ledger=sites&limit=1&sort=-site_code')).items[0];
      await head.goto(`/sites/${encodeURIComponent(site.site_code)}`);
      await head.locator('#timeline li').first().waitFor();
      assert.equal(await head.locator('#standing').count(), 0);

      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      const counted = (await sitesOf(page, 'ledger=sites&limit=1')).total;
      const card = await act(page, site.site_code, '点位撤销');
      await card.locator('form.reason input').fill('误登记，现场无此设施');
      await card.locator('form.reason .el-button').click();
      await page.locator('h1 ~ .tag', { hasText: '已撤销' }).waitFor();
      assert.equal((await sitesOf(page, 'ledger=sites&limit=1')).total, counted - 1);
    },
  },
];
