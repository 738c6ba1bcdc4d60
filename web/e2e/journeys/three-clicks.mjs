// The paths people walk every day, counted from the page they land on: three clicks at most. Filling a form is no click.
// Of the table of paths, others belong to other parts of the work and are not here: the ranger's (verify, report, get ready, send, patrol)
// and the public's (report, ask) to the phone app and the public page; assigning points, reviewing a check, urging the overdue,
// closing a case and the area lead's instruction to the flow of cases; drawing a sample and exporting the bound file to inspections.
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
    name: 'area lead: a number, the site, the instruction; the station answers it',
    async run({ desk, shot }) {
      const [page, way] = await land(desk, 'baozhua-houhe', '/workbench');
      await toSite(page, way, '');
      await page.locator('[data-test=remark]').fill('请后河站三日内到现场复查，报来照片。');
      await way.click(page.locator('#remarks').getByRole('button', { name: '批示' }));
      await page.locator('#remarks li', { hasText: '三日内到现场' }).getByText('待答复').waitFor();
      assert.equal(way.count, 3);
      await page.locator('#remarks').scrollIntoViewIfNeeded();
      await shot(page, 'instruction');
      const address = page.url();
      const [station] = await land(desk, 'houhe', '/workbench');
      await station.goto(address);
      const said = station.locator('#remarks li', { hasText: '三日内到现场' });
      assert.equal(await station.locator('#remarks').getByRole('button', { name: '批示' }).count(), 0, 'a station instructs nobody');
      await said.getByRole('button', { name: '答复' }).click();
      await said.locator('textarea').fill('已复查，照片已上传。');
      await said.locator('form').getByRole('button', { name: '答复' }).click();
      await said.locator('blockquote', { hasText: '已复查' }).waitFor();
      // A tag fades away.
      await said.getByText('待答复').waitFor({ state: 'detached' });
    },
  },
  {
    name: 'leader: a number, the site, why it is judged so',
    async run({ desk }) {
      const [page, way] = await land(desk, 'juzhang', '/dashboard');
      await toSite(page, way, '存在问题');
      await page.locator('#judgement h2').waitFor();
      assert.equal(way.count, 2);
    },
  },
  {
    name: 'area lead: the map of the area is on the landing page; a cell of the figures, the site, the judgement',
    async run({ desk }) {
      const [page, way] = await land(desk, 'baozhua-houhe', '/workbench');
      await page.locator('.area .maplibregl-canvas').waitFor({ timeout: 60_000 });
      await way.click(page.getByRole('navigation').getByRole('link', { name: '统计报表' }));
      await way.click(page.locator('table.cross tbody a').first());
      await way.click(firstSite(page));
      await page.locator('#judgement h2').waitFor();
      assert.equal(way.count, 3);
    },
  },
  {
    name: 'office: the monthly ledger is handed in',
    async run({ desk }) {
      const [page, way] = await land(desk, 'bangongshi', '/workbench');
      await way.click(page.getByRole('navigation').getByRole('link', { name: '台账' }));
      await way.click(page.locator('.views').getByRole('link', { name: '各保护站三本台账' }));
      await page.waitForURL('**as_of=**');
      await page.locator('a.grid-link').first().waitFor();
      const [file] = await Promise.all([page.waitForEvent('download'), way.click(page.locator('.tools .el-dropdown .el-button').first())]);
      assert.match(file.suggestedFilename(), /xlsx$/);
      assert.equal(way.count, 3);
    },
  },
  {
    name: 'office: a report of the public becomes a site',
    async run({ desk }) {
      const [page, way] = await land(desk, 'bangongshi', '/workbench');
      await way.click(number(page, '信访举报'));
      await page.waitForURL('**source=petition**');
      await way.click(page.locator('.list li button').first());
      await page.waitForURL('**clue=**');
      const clue = new URL(page.url()).searchParams.get('clue');
      const form = page.locator('form.reason').filter({ has: page.getByRole('button', { name: '另立新点位' }) });
      await form.locator('input').first().fill('现场已有堆土，图上无对应点位');
      await way.click(form.getByRole('button', { name: '另立新点位' }));
      const siteOf = async () => (await ask(page, '/api/v1/clues?source=petition&state=linked&limit=1000')).body.items.find((c) => c.clue_id === clue)?.site_code;
      for (let i = 0; i < 40 && !(await siteOf()); i++) await page.waitForTimeout(250);
      assert.ok(await siteOf(), 'the report stands for a site of its own');
      assert.equal(way.count, 3);
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
        if (judged.proposal && !judged.obstacle && !judged.awaiting && !judged.decision) {
          chosen = code;
          break;
        }
      }
      assert.ok(chosen, 'a site of the list has a proposal that can be accepted');
      await way.click(page.locator('table.plain tbody a', { hasText: chosen }));
      await page.locator('#judgement .acts').waitFor();
      await page.locator('#judgement .acts input').fill('包抓领导·后河');
      const answer = page.waitForResponse((r) => r.url().endsWith('/characterizations'));
      await way.click(page.locator('#judgement .acts').getByRole('button', { name: '同意建议' }));
      assert.ok((await answer).ok(), `${chosen}: ${await (await answer).text()}`);
      await page.locator('#judgement .decision').waitFor();
      await shot(page, 'judgement-accepted');
      assert.equal(way.count, 3);
      assert.equal(await stateOf(page), 'characterized');
    },
  },
];
