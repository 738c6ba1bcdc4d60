// The paths people walk every day, counted from the page they land on: three clicks at most. Filling a form is no click.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ask, clicks, signIn } from '../browser.mjs';
import { PASSWORD } from '../program.mjs';
import { photos } from './dossiers.mjs';

/** A card by the beginning of its words; cards of nothing are passed over. */
const number = (page, label) => page.locator('a.number').filter({ has: page.locator('b', { hasText: /[1-9]/ }) }).filter({ hasText: new RegExp(`^[^\\u4e00-\\u9fff]*${label}`) }).first();
const firstSite = (page) => page.locator('table.plain tbody a').first();

async function land(desk, login, path) {
  const page = await desk();
  await signIn(page, login, PASSWORD);
  await page.waitForURL(`**${path}**`);
  return [page, clicks(page)];
}

/** A number of the landing page, then its first site. */
async function toSite(page, way, label) {
  await way.click(number(page, label));
  await page.waitForURL('**/sites?**');
  await way.click(firstSite(page));
  await page.locator('#timeline li').first().waitFor();
}

async function choose(page, label, option) {
  await page.locator('.el-select', { hasText: label }).first().click();
  await page.getByRole('option', { name: option }).first().click();
}

const stateOf = async (page) => (await ask(page, `/api/v1${new URL(page.url()).pathname}`)).body.state;

export const journeys = [
  {
    name: 'leader: a number, the site, the imagery of two dates',
    async run({ desk }) {
      const [page, way] = await land(desk, 'juzhang', '/dashboard');
      await toSite(page, way, '存在问题');
      await way.click(page.getByRole('link', { name: '影像对比' }).last());
      await page.waitForURL('**/compare?site=**');
      assert.equal(way.count, 3);
    },
  },
  {
    name: 'area lead: what is wrong in the area, and why',
    async run({ desk, shot }) {
      const [page, way] = await land(desk, 'baozhua-houhe', '/workbench');
      await toSite(page, way, '');
      await shot(page, 'area-lead');
      assert.equal(way.count, 2);
    },
  },
  {
    name: 'inspector: a site with its evidence, printed as one file',
    async run({ desk }) {
      const [page, way] = await land(desk, 'ducha', '/');
      await page.locator('a.number').first().waitFor();
      await toSite(page, way, '');
      await page.evaluate(() => (window.print = () => (window.printed = true)));
      await way.click(page.getByRole('button', { name: '打印卷宗' }));
      assert.ok(await page.evaluate(() => window.printed));
      assert.equal(way.count, 3);
    },
  },
  {
    name: 'station head: what waits for verification, the site, the verification recorded',
    async run({ desk, program }) {
      const [page, way] = await land(desk, 'mawu', '/workbench');
      await toSite(page, way, '待核查');
      await page.setInputFiles('[data-test=evidence-file]', await photos(page, program.folder));
      await page.locator('#evidence img').nth(1).waitFor({ timeout: 30_000 });
      await choose(page, '核查结论', /原有居民/);
      await page.getByPlaceholder(/核查人员/).fill('保护站站长·麻武、护林员·麻武');
      await page.getByPlaceholder('核查情况').fill('为原有居民住房，未见扩建');
      await page.locator('input[data-test=position]').fill('106.5500000, 35.4100000');
      await way.click(page.getByRole('button', { name: '保存并提交' }));
      await page.locator('h1 ~ .tag', { hasText: '无问题' }).waitFor();
      assert.equal(way.count, 3);
    },
  },
  {
    name: 'office: a round is taken in',
    async run({ desk, program }) {
      const [page, way] = await land(desk, 'bangongshi', '/workbench');
      const path = join(program.folder, '上级交办线索（三步）.csv');
      writeFileSync(path, '\uFEFF线索名称,位置,反映内容\r\n演示临时料场,演示沟口,露天堆料\r\n');
      await way.click(page.getByRole('link', { name: '导入一批' }));
      await choose(page, '', '督察清单');
      await choose(page, '行内没有写来源', '省级督察');
      await page.setInputFiles('[data-test=import-file]', path);
      await way.click(page.locator('form .el-button--primary'));
      await page.locator('[data-test=fates]').waitFor({ timeout: 60_000 });
      await way.click(page.locator('.acts .el-button--primary'));
      await page.getByText('✓ 已入库').waitFor({ timeout: 60_000 });
      assert.equal(way.count, 3);
    },
  },
  {
    name: 'office: what waits for judgement, the site, the proposal accepted',
    async run({ desk, shot }) {
      const [page, way] = await land(desk, 'bangongshi', '/workbench');
      await way.click(number(page, '待判别'));
      await page.waitForURL('**/sites?**');
      await firstSite(page).waitFor();
      const codes = await page.locator('table.plain tbody tr td:first-child a').allTextContents();
      let chosen;
      for (const code of codes) {
        const judged = (await ask(page, `/api/v1/sites/${encodeURIComponent(code)}/judgement`)).body;
        if (judged.proposal && judged.proposal.verdict.code !== 'undetermined' && !judged.awaiting && !judged.decision) {
          chosen = code;
          break;
        }
      }
      assert.ok(chosen, 'a site of the list has a proposal');
      await way.click(page.locator('table.plain tbody a', { hasText: chosen }));
      await page.locator('#judgement .acts').waitFor();
      await page.locator('#judgement .acts input').fill('包抓领导·后河');
      await way.click(page.locator('#judgement .acts').getByRole('button', { name: '同意建议' }));
      await page.locator('#judgement .decision').waitFor();
      await shot(page, 'judgement-accepted');
      assert.equal(way.count, 3);
      assert.equal(await stateOf(page), 'characterized');
    },
  },
];
