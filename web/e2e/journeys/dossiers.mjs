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
    if (judged.proposal && !judged.obstacle && !judged.awaiting && !judged.decision) return site;
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
      await page.getByRole('button', { name: '改判' }).click();
      await page.getByPlaceholder(/会签岗位/).fill('包抓领导·后河');
      await choose(page, page.locator('[data-test=override-verdict]'), /^违法违规$|^合法/);
      await choose(page, page.locator('#judgement .el-select', { hasText: '严重程度' }), /一般/);
      await choose(page, page.locator('#judgement .el-select', { hasText: '性质' }), /历史遗留/);
      await page.getByPlaceholder('认定意见文号').fill('演示函〔2019〕7号');
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

      // Taken back, with its reason: the site waits for judgement again.
      await page.reload();
      await page.getByRole('button', { name: '撤回判别' }).first().click();
      const back = page.locator('#judgement form.reason').first();
      await back.locator('input').fill('误判，撤回重办');
      await back.locator('.el-button').click();
      await page.locator('#judgement .decision').waitFor({ state: 'detached' });
      assert.equal((await ask(page, `/api/v1${path}`)).body.state, 'verified_with_issue');
    },
  },
];

async function choose(page, select, option) {
  await select.first().click();
  await page.getByRole('option', { name: option }).locator('visible=true').first().click();
}

/** Small pictures made in the browser, as files of a camera would be chosen. */
export async function photos(page, folder) {
  const made = await page.evaluate(() =>
    [1, 2].map((n) => {
      const canvas = document.createElement('canvas');
      canvas.width = canvas.height = 64;
      const pen = canvas.getContext('2d');
      pen.fillStyle = n === 1 ? '#8fbf8f' : '#d0b080';
      pen.fillRect(0, 0, 64, 64);
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
    // The register’s own position is never taken for the one on the spot.
    assert.equal(await page.locator('input[data-test=position]').inputValue(), '');
    const [lon, lat] = [site.lon + 0.0001, site.lat];
    await page.locator('input[data-test=position]').fill(`东经${dms(lon)}，北纬${dms(lat)}`);
    assert.equal(await page.locator('#verify input[type=checkbox]:checked').count(), 2, 'photos of the day are ticked');
    await page.getByRole('button', { name: '保存并提交' }).click();
    await page.locator('h1 ~ .tag', { hasText: '无问题' }).waitFor();
    await shot(page, 'verification');
    const after = (await ask(page, path)).body;
    assert.equal(after.state, 'no_issue');
    const said = JSON.stringify(after.verifications.at(-1));
    const at = /"lon":([\d.]+)/.exec(said);
    assert.ok(Math.abs(Number(at[1]) - lon) < 0.00001, `${at[1]} is where the receiver stood, not ${site.lon}`);
  },
});

const dms = (value) => `${Math.floor(value)}°${Math.floor((value % 1) * 60)}′${((((value % 1) * 60) % 1) * 60).toFixed(2)}″`;

journeys.push(
  {
    name: 'a missing fact is answered under its question and recorded with a verification',
    async run({ desk, program, shot }) {
      const page = await desk();
      await signIn(page, 'mawu', PASSWORD);
      const { items } = (await ask(page, '/api/v1/sites?state=verified_with_issue,awaiting_verification&limit=100')).body;
      let asked;
      for (const { site_code } of items) {
        const { questions } = (await ask(page, `/api/v1/sites/${encodeURIComponent(site_code)}/judgement`)).body;
        const question = questions.find((q) => q.answers.length > 1);
        if (question) {
          asked = { site_code, question };
          break;
        }
      }
      assert.ok(asked, 'a site of the station lacks a fact');
      const { site_code, question } = asked;
      await page.goto(`/sites/${encodeURIComponent(site_code)}`);
      const line = page.locator('#judgement li', { hasText: question.label }).first();
      await choose(page, line.locator('.el-select'), question.answers[0].label);
      await page.getByRole('button', { name: '把答复带入核查登记' }).click();
      await page.locator('#verify .answer', { hasText: question.answers[0].label }).waitFor();
      await page.setInputFiles('[data-test=visit-photos]', await photos(page, program.folder));
      await page.locator('#verify li img').nth(1).waitFor({ timeout: 30_000 });
      await choose(page, page.locator('#verify .el-select', { hasText: '核查结论' }), /存在问题|手续不全/);
      await page.getByPlaceholder(/核查人员/).fill('保护站站长·麻武、护林员·麻武');
      await page.getByPlaceholder('核查情况', { exact: true }).fill('补充核查');
      const { lon, lat } = (await ask(page, `/api/v1/sites/${encodeURIComponent(site_code)}`)).body;
      await page.locator('input[data-test=position]').fill(`${lon.toFixed(7)}, ${(lat + 0.00005).toFixed(7)}`);
      await shot(page, 'verification-answers');
      await page.getByRole('button', { name: '保存并提交' }).click();
      await page.locator('#verify form').waitFor({ state: 'detached' });
      const { facts, questions } = (await ask(page, `/api/v1/sites/${encodeURIComponent(site_code)}/judgement`)).body;
      const known = facts.find((f) => f.name === question.fact);
      const dossier = (await ask(page, `/api/v1/sites/${encodeURIComponent(site_code)}`)).body;
      const stands = known?.value ?? dossier.facts.find((f) => f.field === question.fact)?.value;
      assert.equal(stands, question.answers[0].code);
      // What is still asked can be taken along on paper; where nothing is, there is no such sheet.
      const button = page.getByRole('button', { name: '下载待查事实核查表' });
      if (questions.length === 0) return button.waitFor({ state: 'detached' });
      const [sheet] = await Promise.all([page.waitForEvent('download'), button.click()]);
      assert.ok(sheet.suggestedFilename().endsWith('.xlsx'));
    },
  },
  {
    name: 'a fact nobody stated is stated, and what cannot be set offers no correction',
    async run({ desk }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      const site = await siteInState(page, 'verified_with_issue');
      const path = `/sites/${encodeURIComponent(site.site_code)}`;
      await page.goto(path);
      await page.locator('#overview tr').nth(3).waitFor();
      for (const label of ['经度', '纬度']) {
        assert.equal(await page.locator('#overview tr', { has: page.locator('th', { hasText: new RegExp(`^${label}$`) }) }).getByRole('button', { name: /更正/ }).count(), 0, label);
      }
      const { amendable } = (await ask(page, '/api/v1/config')).body;
      const { facts } = (await ask(page, `/api/v1${path}`)).body;
      const open = amendable.find((f) => f.kind === 'text' && !facts.some((g) => g.field === f.field));
      await page.locator('#overview .state .el-button').first().click();
      await choose(page, page.locator('#overview .which'), open.label);
      await page.locator('[data-test=new-value]').last().fill('演示补充内容');
      await page.locator('#overview .state form.reason input').first().fill('据档案补充');
      await page.locator('#overview .state form.reason .el-button').click();
      await page.locator('#overview td.value', { hasText: '演示补充内容' }).waitFor();
    },
  },
  {
    name: 'two days are compared with what came between them',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      const site = await siteInState(page, 'no_issue');
      await page.goto(`/sites/${encodeURIComponent(site.site_code)}`);
      const from = page.locator('#difference input').first();
      await from.fill('2019-01-01');
      await from.press('Enter');
      await page.locator('#difference form .el-button').click();
      await page.locator('[data-test=added]').waitFor();
      assert.match(await page.locator('[data-test=added]').textContent(), /线索 \d+ 条/);
      await page.locator('#difference').scrollIntoViewIfNeeded();
      await shot(page, 'two-days');
    },
  },
);
