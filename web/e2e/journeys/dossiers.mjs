// The dossier: a correction with its history, and a judgement overridden and read a second time.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ask, signIn } from '../browser.mjs';
import { PASSWORD } from '../program.mjs';

const siteInState = async (page, state) => (await ask(page, `/api/v1/sites?state=${state}&limit=1`)).body.items[0];

/** A verified site that the tables judge and nobody has decided on. */
async function proposedSite(page) {
  const { items } = (await ask(page, '/api/v1/sites?state=verified_with_issue&limit=200')).body;
  for (const site of items) {
    const judged = (await ask(page, `/api/v1/sites/${encodeURIComponent(site.site_code)}/judgement`)).body;
    if (judged.proposal && !judged.awaiting && !judged.decision) return site;
  }
  throw new Error('no verified site has a proposal');
}

export const journeys = [
  {
    name: 'a fact is corrected with a reason, the value before stays, and the past day still shows it',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      const site = await siteInState(page, 'verified_with_issue');
      await page.goto(`/sites/${encodeURIComponent(site.site_code)}`);
      const row = page.locator('#overview tr', { hasText: '设施名称' }).first();
      const before = site.facility_name;
      await row.getByRole('button', { name: /更正/ }).click();
      await page.locator('[data-test=new-value]').or(page.locator('.fresh input')).first().fill(`${before}（更正）`);
      await page.locator('#overview form.reason input').first().fill('据现场门牌更正');
      await page.locator('#overview form.reason .el-button').click();
      await page.locator('h1', { hasText: '（更正）' }).waitFor();
      await page.locator('#overview del', { hasText: before }).first().waitFor({ state: 'attached' });
      await shot(page, 'dossier', { fullPage: true });
      await page.goto(`/sites/${encodeURIComponent(site.site_code)}?as_of=2019-08-31`);
      await page.locator('h1', { hasText: before }).waitFor();
      assert.ok(!(await page.locator('h1').first().textContent()).includes('（更正）'));
    },
  },
  {
    name: 'a judgement is overridden and takes effect when a second reader confirms',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      const site = await proposedSite(page);
      const path = `/sites/${encodeURIComponent(site.site_code)}`;
      await page.goto(`${path}#judgement`);
      await page.locator('#judgement .acts .el-button').last().click();
      await page.locator('#judgement .acts input').fill('包抓领导·后河');
      await page.locator('#judgement .el-select').first().click();
      await page.getByRole('option').first().click();
      await page.locator('#judgement form.reason input[aria-label]').first().fill('现场情况与表列条件不同');
      await page.locator('#judgement form.reason .el-button').last().click();
      await page.locator('#judgement .awaiting').waitFor();
      await shot(page, 'judgement-awaiting');

      const second = await desk();
      await signIn(second, 'fuhe', PASSWORD);
      await second.goto(`${path}#judgement`);
      const confirm = second.locator('#judgement .awaiting form.reason').first();
      await confirm.locator('input').fill('同意改判');
      await confirm.locator('.el-button').click();
      await second.locator('#judgement .decision').waitFor();
      assert.equal((await ask(second, `/api/v1${path}`)).body.state, 'characterized');
    },
  },
];

/** Small pictures made in the browser, as files of a camera would be chosen. */
export async function photos(page, folder) {
  const made = await page.evaluate(() =>
    [1, 2].map((n) => {
      const canvas = document.createElement('canvas');
      canvas.width = canvas.height = 64;
      canvas.getContext('2d').fillText(`照片${n}`, 8, 32);
      return canvas.toDataURL('image/jpeg').split(',')[1];
    }),
  );
  return made.map((data, i) => {
    const path = join(folder, `现场照片${i + 1}.jpg`);
    writeFileSync(path, Buffer.from(data, 'base64'));
    return path;
  });
}

journeys.push({
  name: 'a station head uploads photos, records a verification, and the site moves on',
  async run({ desk, program, shot }) {
    const page = await desk();
    await signIn(page, 'mawu', PASSWORD);
    const site = (await siteInState(page, 'awaiting_verification')) ?? (await siteInState(page, 'in_verification'));
    const path = `/api/v1/sites/${encodeURIComponent(site.site_code)}`;
    await page.goto(`/sites/${encodeURIComponent(site.site_code)}`);
    await page.locator('#evidence').waitFor();
    await page.setInputFiles('[data-test=evidence-file]', await photos(page, program.folder));
    await page.locator('#evidence img').nth(1).waitFor({ timeout: 30_000 });
    await page.locator('.el-select', { hasText: '核查结论' }).first().click();
    await page.getByRole('option', { name: /原有居民/ }).click();
    await page.getByPlaceholder(/核查人员/).fill('保护站站长·后河、护林员·后河');
    await page.getByPlaceholder('核查情况').fill('为原有居民住房，未见扩建');
    await page.getByRole('button', { name: '保存并提交' }).click();
    await page.locator('h1 ~ .tag', { hasText: '无问题' }).waitFor();
    await shot(page, 'verification');
    assert.equal((await ask(page, path)).body.state, 'no_issue');
  },
});
