// From the judgement of a site over its close-out to the close-out found false and opened anew: every step by the person whose step it is.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ask, clicks, mapIsDrawn } from '../browser.mjs';
import { accepted, act, actsOf, begin, crew, day, decidable, evidenceAll, formOf, issueOf, open, picture, send, stateIs, takeNext, upload, visit } from '../issue-acts.mjs';

const RESULT = '厂房三座全部拆除，建筑垃圾和弃渣清运一百二十方，运到县城填埋场，坡面削成三级台地后覆土四十厘米，撒播冰草、苜蓿等本地草种，沟口砌浆砌石挡墙，看护房一并拆走，进场便道用块石封堵并立牌';
/** The day of the close-out; what an image shows is later. */
const CLOSED_ON = -1;

/** 性质判别、立账 — the proposal is accepted and the issue opened on the dossier's own page. */
async function opened({ as, shot, told }) {
  const office = await as('bangongshi');
  told.site = await decidable(office, 'mawu');
  told.issue = await open(office, told.site, '演示砂石有限公司', day(-12));
  await stateIs(office, '性质已判别');
  await shot(office, 'issue-opened', { fullPage: true, phone: true });
}

/** 方案 — with a measure that can be counted; read once more before it is entered, and reviewed by another person. */
async function planned({ as, shot, told: { issue } }) {
  const head = await as('mawu');
  let form = await takeNext(head, issue, '编制整改方案');
  await head.locator('[data-test=to-fill]', { hasText: '整改目标' }).waitFor();
  await form.text('target', '拆除设施，清运弃渣，恢复植被');
  await form.field('measures').getByLabel('措施内容 1').fill('拆除厂房并清运建筑垃圾');
  await form.field('measures').getByRole('button', { name: /工程量 增加一行/ }).click();
  await form.choose('measures', /清运建筑垃圾/);
  await form.field('measures').getByLabel(/工程量 1 数量/).fill('120');
  await form.field('measures').getByLabel(/工程量 1 数量/).press('Tab');
  await form.day('due_on', day(-12));
  await form.text('assessment_report', '演示评估〔2019〕1号');
  await shot(head, 'plan-editor', { fullPage: true, phone: true });
  await form.submit();
  await stateIs(head, '方案编制');

  // Nobody reviews an own plan; the page says who must before anything is pressed.
  await head.locator('[data-test=foreign]', { hasText: '审核整改方案' }).waitFor();
  const own = await send(head, actsOf(issue), { kind: 'plan.reviewed', body: { plan: (await issueOf(head, issue)).issue.plan.entry_id, result: 'approved', reviewed_on: day() } });
  assert.equal(own.status, 403, JSON.stringify(own.body));

  const second = await as('fuhe');
  form = await takeNext(second, issue, '审核整改方案');
  await form.choose('result', '同意');
  await second.locator('[data-test=lacks]', { hasText: '签字人数不足' }).waitFor();
  await form.field('reviewers').getByLabel('审核签字人 2 岗位').fill('生态科科长');
  await form.text('document_number', '演示审〔2019〕1号');
  await form.submit();
  await stateIs(second, '方案已审核');
}

/** 开工、进展 — what was done of the measures, in quantities and with pictures. */
async function worked({ as, program, told }) {
  const { issue, site } = told;
  const head = await as('mawu');
  let form = await takeNext(head, issue, '开工整改');
  await form.submit();
  await stateIs(head, '整改中');

  const pictures = [await picture(head, program.folder, '整改前.jpg', 11), await picture(head, program.folder, '整改后.jpg', 22)];
  await head.locator('#next [data-step=progress]').click();
  form = formOf(head);
  await form.choose('measure', /拆除厂房/);
  await form.text('text', '厂房已拆除，垃圾清运完毕');
  await form.field('quantities').getByRole('button', { name: /增加一行/ }).click();
  await form.choose('quantities', /清运建筑垃圾/);
  await form.field('quantities').getByLabel(/数量/).fill('120');
  await form.field('quantities').getByLabel(/数量/).press('Tab');
  await form.upload('evidence', pictures);
  await form.submit();
  await head.locator('#plan tbody td.figure').nth(1).filter({ hasText: '120' }).waitFor();
  const { evidence } = (await ask(head, `/api/v1/sites/${encodeURIComponent(site.site_code)}`)).body;
  told.sha = (name) => evidence.find((e) => e.file_name === name).sha256;
}

/** 督促 — the day has passed: rung by rung, each by its own post, up to a letter whose receipt is kept and which is answered. */
async function urged({ as, shot, told: { issue } }) {
  const [head, lead, office] = [await as('mawu'), await as('baozhua-mawu'), await as('bangongshi')];
  const code = (await issueOf(head, issue)).issue_code;
  await head.goto('/workbench');
  const way = clicks(head);
  await way.click('[data-work=urge] h2 a');
  await head.locator(`tr[data-issue="${code}"] input[type=checkbox]:enabled`).waitFor();
  await way.click('[data-test=urging-preview]');
  await head.locator('[data-test=urging-issue-all]').waitFor();
  await shot(head, 'urging-preview', { phone: true });
  await way.click('[data-test=urging-issue-all]');
  await head.locator('[data-test=urging-issue-all]').waitFor({ state: 'detached' });
  assert.equal(way.count, 3);
  assert.equal((await issueOf(head, issue)).issue.urgings.length, 1);
  // The next rung is another post's: the desk says whose.
  await head.locator(`tr[data-issue="${code}"]`, { hasText: '由包抓领导办理' }).waitFor();

  await lead.goto('/urging');
  await lead.getByRole('button', { name: `上门督办 ${code}` }).click();
  await lead.locator(`tr[data-issue="${code}"]`, { hasText: '督办函' }).waitFor();
  await visit(office, `/issues/${issue}#urging`);
  await office.locator('#urging .page-head .el-button', { hasText: '督办函' }).click();
  let form = formOf(office);
  assert.match(await form.field('text').locator('textarea').inputValue(), /演示砂石有限公司/);
  await form.text('document_number', '演示督〔2019〕1号');
  await form.text('receipt', '邮政特快专递，收件人签收');
  await shot(office, 'urging-letter', { fullPage: true, phone: true });
  await form.submit();
  const letter = office.locator('#urging article', { hasText: '督办函' });
  await letter.filter({ hasText: '收件人签收' }).waitFor();

  // The letter is answered where it stands.
  await visit(head, `/issues/${issue}#urging`);
  await head.locator('#urging article', { hasText: '督办函' }).locator('.el-button').click();
  form = formOf(head);
  await form.text('text', '弃渣已全部清运，照片附后');
  await form.submit();
  const { urgings } = (await issueOf(head, issue)).issue;
  assert.deepEqual(urgings.map((u) => u.recorded.rung).sort(), ['letter', 'on_site', 'phone']);
  assert.ok(urgings.find((u) => u.recorded.rung === 'letter').answer, 'the letter has its answer');
}

/** The whole of a site was put right, and no more than it has. */
const restoredOf = (site) => Math.floor(Number(site.facts.find((f) => f.field === 'area_m2').value));

/** 举证、报告 — every condition with its evidence, then the report with pictures from one viewpoint. */
async function reported({ as, shot, told: { issue, sha, site } }) {
  const head = await as('mawu');
  const first = (await issueOf(head, issue)).checklist[0];
  await visit(head, `/issues/${issue}#checklist`);
  await head.locator(`#checklist li[data-line="${first.line}"] .el-button`).click();
  let form = formOf(head);
  if (first.values.length > 0) await form.choose('value', /./);
  await form.text('statement', `${first.label}：现场核对属实，材料附后`);
  await form.tick('evidence', 0);
  await form.submit();
  await head.locator(`#checklist li[data-line="${first.line}"] .yes`).waitFor();
  await evidenceAll(head, issue, sha('整改后.jpg'), '厂房拆净，苗木栽植成行，附现场记录', [first.line]);

  form = await takeNext(head, issue, '报告整改完成');
  await form.text('result_text', RESULT);
  await form.field('measures').locator('li', { hasText: '整改后.jpg' }).locator('input[type=checkbox]').check();
  await form.field('photo_pairs').getByRole('button', { name: /增加一行/ }).click();
  await form.choose('photo_pairs', /整改前/, 0);
  await form.choose('photo_pairs', /整改后/, 1);
  await form.field('photo_pairs').getByLabel(/整改前 方位/).fill('85');
  await form.field('photo_pairs').getByLabel(/整改后 方位/).fill('90');
  await form.field('photo_pairs').getByLabel(/整改后 方位/).press('Tab');
  await form.field('restored_area_m2').locator('input').fill(String(restoredOf(site)));
  await form.field('restored_area_m2').locator('input').press('Tab');
  await shot(head, 'report-form', { fullPage: true, phone: true });
  await form.submit();
  await stateIs(head, '整改完成待验收');
}

/** Fills the wizard of an acceptance up to its result: on site, every line met. */
async function inspected(page, issue, label, shot) {
  const form = await takeNext(page, issue, label);
  await form.field('methods').getByText('实地核查').click();
  const members = form.field('members').getByLabel(/参加人员 \d+ 岗位/);
  if ((await members.count()) < 2) await form.field('members').getByRole('button', { name: /增加一行/ }).click();
  for (let n = 1; n < (await members.count()); n++) {
    await members.nth(n).fill(`${label}人员${n + 1}`);
    await form.field('members').getByLabel(`参加人员 ${n + 1} 单位`).fill(`演示单位${n + 1}`);
  }
  await form.text('units', '演示自然资源局、演示生态环境分局');
  await form.next();
  const lines = form.field('checks').locator('ol > li');
  for (let n = 0; n < (await lines.count()); n++) await lines.nth(n).getByText('达到', { exact: true }).click();
  await shot(page, `acceptance-${label}`, { fullPage: true, phone: true });
  await form.next();
  await form.choose('result', '通过');
  return form;
}

/** 自验、县级验收、市级认定 — each by somebody who did none of the work, and none before the one below it. */
async function acceptedInTurn({ as, shot, told: { issue } }) {
  const lead = await as('baozhua-mawu');
  const form = await inspected(lead, issue, '自验', shot);
  await form.text('opinion', '到现场走了一圈，厂房基础已清除，坡面见绿');
  await form.submit();
  await lead.locator('#acceptance .chain li.passed', { hasText: '自验' }).waitFor();

  // A line nobody looked at keeps the level from passing.
  const second = await as('fuhe');
  const county = accepted(await issueOf(second, issue), 'county', '会同自然资源部门查看，弃渣已清，占地已腾退');
  await visit(second, `/issues/${issue}`);
  assert.equal((await second.locator('[data-test=next-step]').textContent()).trim(), '县级验收');
  const lame = await send(second, `${actsOf(issue)}?dry_run=true`, { kind: 'acceptance.recorded', body: { ...county, checks: county.checks.slice(1) } });
  assert.equal(lame.body.code, 'issue.step_refused');
  assert.ok(lame.body.details.missing.some((l) => l.code === 'rectify.lines_checked'), JSON.stringify(lame.body));
  await act(second, issue, 'acceptance.recorded', county);
  const city = await as('shiji');
  await act(city, issue, 'acceptance.recorded', accepted(await issueOf(city, issue), 'city', '查阅档案并抽查现场，认定完成'));
}

/** 公示、异议、备案、销号 — the notice has hung out its ten working days, and nothing is closed before the province has filed it. */
async function closed({ as, program, shot, told: { issue, site } }) {
  const [office, leader] = [await as('bangongshi'), await as('juzhang')];
  let form = await takeNext(office, issue, '发布公示');
  await form.text('title', `关于${site.facility_name ?? site.site_code}整改完成拟销号的公示`);
  await form.day('started_on', day(-3));
  await form.day('ended_on', day(CLOSED_ON - 1));
  await office.locator('[data-test=lacks]', { hasText: '公示期不足' }).waitFor();
  await form.day('started_on', day(-40));
  await form.upload('evidence', [await picture(office, program.folder, '公示截图.jpg', 33)]);
  await form.submit();
  await stateIs(office, '公示中');
  await act(office, issue, 'objection.received', { received_on: day(), text: '沟底还有少量石块', channel: '电话' });
  await visit(leader, `/issues/${issue}`);
  await leader.locator('#acceptance article', { hasText: '沟底还有少量石块' }).locator('.el-button').click();
  form = formOf(leader);
  await form.choose('result', '异议不成立');
  await form.text('text', '经复查，石块为河道自然堆积');
  await form.submit();

  const early = await send(leader, `${actsOf(issue)}?dry_run=true`, { kind: 'close_out.recorded', body: { number: 'X', reason: 'rectified', reason_text: '完成', closed_on: day(), document_number: 'X' } });
  assert.ok(early.body.details?.missing?.some((l) => l.code === 'rectify.earlier_levels'), JSON.stringify(early.body));
  const province = await as('shengji');
  await act(province, issue, 'acceptance.recorded', accepted(await issueOf(province, issue), 'province', '材料齐全，予以备案'));

  form = await takeNext(leader, issue, '销号');
  await form.text('number', '演示销〔2019〕1号');
  await form.text('reason_text', '设施拆除、弃渣清运、植被恢复均已落实');
  await form.day('closed_on', day(CLOSED_ON));
  await form.text('document_number', '演示验〔2019〕1号');
  await form.submit();
  await stateIs(leader, '已销号');
  await shot(leader, 'issue-closed', { fullPage: true, phone: true });
  const view = await issueOf(leader, issue);
  assert.deepEqual(view.checklist.filter((l) => !l.is_evidenced), []);
  assert.equal(new Set(view.issue.steps.filter((s) => /accept|determine|file|close/.test(s.step)).map((s) => s.actor)).size, 5, 'five steps out, five people');
  // The board counts it where it stands, and the number opens it.
  await office.goto('/issues');
  await office.locator('.column[data-state=closed_out] h2 a').click();
  await office.locator('tbody', { hasText: view.issue_code }).waitFor();
}

/** 照搬 — another site hands in the same words with other figures and the same picture saved anew. */
async function copied({ as, program, shot, told }) {
  const [office, head, second, lead] = [await as('bangongshi'), await as('mawu'), await as('fuhe'), await as('baozhua-mawu')];
  const site = await decidable(office, 'mawu');
  const issue = await open(office, site, '演示建材有限公司', day(40));
  await begin(head, second, issue, day(40));
  const [old, same] = await upload(head, site.site_code, [await picture(head, program.folder, '原貌.jpg', 44), await picture(head, program.folder, '照搬.jpg', 22, 0.6)]);
  await act(head, issue, 'progress.reported', { measure: 1, to_on: day(), text: '弃渣清运', quantities: [{ measure: 'debris_m3', value: 60 }], evidence: [old] });
  await evidenceAll(head, issue, old, '已办妥');
  await act(head, issue, 'rectification.reported', {
    completed_on: day(), result_text: RESULT.replace('一百二十', '六十').replace('厂房三座', '料棚两座'), measures: [{ sequence: 1, evidence: [same] }], restored_area_m2: restoredOf(site),
    photo_pairs: [{ before: old, after: same, before_azimuth_deg: 10, after_azimuth_deg: 12 }],
  });
  await act(lead, issue, 'acceptance.recorded', accepted(await issueOf(lead, issue), 'self', '现场看过'));

  // The level above is stopped by itself, without anybody having searched: what its attempt finds is noted, and stands in its way.
  const form = await inspected(second, issue, '县级验收', shot);
  await form.text('document_number', '演示县验〔2019〕2号');
  await form.press();
  await form.press();
  await second.locator('[data-test=lacks]', { hasText: '有重大疑点未判定，或已认定虚假整改' }).waitFor();
  await shot(second, 'acceptance-stopped', { fullPage: true, phone: true });
  assert.ok(await form.form.locator('.go .el-button--primary').isDisabled());
  const view = await issueOf(second, issue);
  assert.deepEqual(view.issue.acceptances.map((a) => a.level), ['self'], 'the refused acceptance is not entered');
  Object.assign(told, { copy: issue, copyCode: (await issueOf(office, issue)).issue_code });
}

/** 疑点判定 — the discipline office sees words and pictures beside each other, and judges; the acceptance stays stopped. */
async function judgedFake({ as, shot, told: { copy, copyCode } }) {
  const discipline = await as('jiwei');
  await discipline.goto(`/suspicions?issue=${encodeURIComponent(copyCode)}`);
  for (const kind of ['reused_photo', 'copied_text']) await discipline.locator(`tr[data-suspicion=${kind}]`).first().waitFor();
  await shot(discipline, 'suspicion-desk', { fullPage: true, phone: true });
  await discipline.locator('tr[data-suspicion=copied_text] a').first().click();
  await discipline.locator('[data-pair=text] mark').first().waitFor();
  await shot(discipline, 'suspicion-texts', { fullPage: true, phone: true });
  await discipline.goto(`/suspicions?issue=${encodeURIComponent(copyCode)}&suspicion=reused_photo`);
  await discipline.locator('tr[data-suspicion=reused_photo] a').first().click();
  await discipline.locator('[data-pair=photo] img').nth(1).waitFor();
  await shot(discipline, 'suspicion-photos', { fullPage: true, phone: true });
  await discipline.locator('#verdict').getByText('虚假整改').click();
  await discipline.locator('#verdict form.reason input').fill('整改后照片取自另一点位');
  await discipline.locator('#verdict form.reason .el-button').click();
  await discipline.locator('#verdict b', { hasText: '虚假整改' }).waitFor();
  const second = await as('fuhe');
  const refused = await send(second, actsOf(copy), { kind: 'acceptance.recorded', body: accepted(await issueOf(second, copy), 'county', '同意') });
  assert.notEqual(refused.status, 200, 'a close-out judged fake is not accepted');

  // Every number of the statistics opens its list.
  await discipline.goto('/suspicions?view=statistics');
  const cell = discipline.locator('tbody tr', { hasText: '照片他处已用' }).locator('td.figure a').first();
  const count = Number(await cell.textContent());
  await shot(discipline, 'suspicion-statistics', { fullPage: true, phone: true });
  await cell.click();
  await discipline.locator('[data-test=suspicion-total]', { hasText: `${count} 条` }).waitFor();
}

/** A batch of patches as the province sends it, one of them over the greater part of the site. */
function batchOver(folder, site) {
  const lons = site.shape.coordinates.flat(Infinity).filter((_, n) => n % 2 === 0);
  const by = (Math.max(...lons) - Math.min(...lons)) / 4;
  const moved = (part) => (typeof part[0] === 'number' ? [part[0] + by, part[1]] : part.map(moved));
  const patch = {
    type: 'Feature', geometry: { type: site.shape.type, coordinates: moved(site.shape.coordinates) },
    properties: { 问题编号: '演示-复发-0001', 监测批次: '演示后期', 活动类型: '采石采砂', 变化类型: '新增', 前时相: day(-90).replaceAll('-', ''), 后时相: day().replaceAll('-', ''), 影像源: 'GF-2' },
  };
  const path = join(folder, '后期遥感监测图斑.geojson');
  writeFileSync(path, JSON.stringify({ type: 'FeatureCollection', features: [patch] }));
  return path;
}

async function choose(page, nth, option) {
  await page.locator('.fields .el-select').nth(nth).click();
  await page.getByRole('option', { name: option }).locator('visible=true').first().click();
}

/** 复发疑似 — a later batch of patches, taken in as every other, lies on the site closed out. */
async function suspected({ as, program, shot, told: { issue, site } }) {
  const office = await as('bangongshi');
  await office.goto('/imports');
  await choose(office, 0, '遥感图斑');
  await choose(office, 1, 'CGCS2000');
  await office.setInputFiles('[data-test=import-file]', batchOver(program.folder, site));
  await office.locator('form .el-button--primary').click();
  await office.locator('[data-test=fates]').waitFor({ timeout: 60_000 });
  await office.locator('.card', { hasText: '复发疑似' }).first().waitFor();
  assert.ok(await mapIsDrawn(office), 'the patch is drawn');
  await shot(office, 'relapse-import', { fullPage: true, phone: true });
  await office.locator('.acts .el-button--primary').click();
  await office.locator('[data-test=relapses]', { hasText: '1 处' }).waitFor({ timeout: 60_000 });
  const { issue_code: code, issue: { relapses } } = await issueOf(office, issue);
  assert.equal(relapses.length, 1);
  assert.ok(relapses[0].recorded.clue_id, 'it names the clue');

  // Whoever is to judge it sees the new patch laid over the site as it was closed out.
  const city = await as('shiji');
  await city.goto(`/suspicions?issue=${encodeURIComponent(code)}&suspicion=relapse`);
  await city.locator('tr[data-suspicion=relapse] a').first().click();
  await city.getByText('实线为新线索图斑，虚线为销号点位').waitFor();
  assert.ok(await mapIsDrawn(city), 'the patch and the site are drawn');
  const { relapse } = (await ask(city, `/api/v1/suspicions/${encodeURIComponent(relapses[0].recorded.entry_id)}`)).body;
  assert.deepEqual(relapse.site_shape, site.shape, 'the site as it was closed out');
  assert.ok(relapse.clue_shape.coordinates.length > 0);
  assert.notDeepEqual(relapse.clue_shape, site.shape, 'the patch beside it');
  await city.locator('#verdict').getByText('虚假整改').waitFor();
  await shot(city, 'suspicion-relapse', { fullPage: true, phone: true });
}

/** 判定、重新立账 — the task came by itself; judged by another person, opened anew from the dossier, the old close-out marked. */
async function reopened({ as, shot, told: { issue, site } }) {
  const city = await as('shiji');
  await city.goto('/worklist/judge_relapse');
  const oldCode = (await issueOf(city, issue)).issue_code;
  await city.locator('[data-work=judge_relapse] li', { hasText: oldCode }).locator('a').click();
  const form = await takeNext(city, issue, '判定复发');
  await form.choose('verdict', '虚假整改');
  await form.text('reason', '影像与现场均与验收结论不符');
  await form.submit();
  await stateIs(city, '反弹');

  const office = await as('bangongshi');
  await office.goto(`/sites/${encodeURIComponent(site.site_code)}#issues`);
  await office.locator('[data-test=open-issue-button]').click();
  const opening = office.locator('[data-test=open-issue]');
  await opening.waitFor();
  await opening.locator('.el-select', { hasText: '反弹' }).waitFor();
  await opening.getByLabel('问题描述').fill('销号后又堆砂作业，原整改为虚假整改');
  await opening.getByLabel('整改责任单位').fill('演示砂石有限公司');
  await opening.getByLabel('完成时限').fill(day(60));
  await opening.getByLabel('完成时限').press('Enter');
  await office.locator('[data-test=open-issue-submit]').click();
  await office.waitForURL('**/issues/**');
  const fresh = office.url().split('/issues/')[1].split(/[?#]/)[0];
  assert.notEqual(fresh, issue);
  assert.equal((await issueOf(office, fresh)).issue.opened.reopens, issue);
  await office.locator('#overview', { hasText: '重新立账，原问题' }).getByRole('link', { name: oldCode }).waitFor();
  await shot(office, 'issue-anew', { fullPage: true, phone: true });
  await visit(office, `/issues/${issue}`);
  await office.locator('#close-out [data-test=overturned]').getByRole('link', { name: (await issueOf(office, fresh)).issue_code }).waitFor();
  await shot(office, 'issue-reopened', { fullPage: true, phone: true });
  assert.equal((await issueOf(office, issue)).issue.reopened_by, fresh);
}

const CHAPTERS = [opened, planned, worked, urged, reported, acceptedInTurn, closed, copied, judgedFake, suspected, reopened];

export const journeys = [
  {
    name: 'an issue runs from its judgement to its close-out, a copied close-out is caught, and the false one is opened anew',
    async run({ desk, program, shot }) {
      const told = {};
      const as = crew(desk);
      for (const chapter of CHAPTERS) {
        try {
          await chapter({ as, program, shot, told });
        } catch (error) {
          throw new Error(`in “${chapter.name}”: ${error.stack ?? error}`, { cause: error });
        }
      }
    },
  },
  {
    name: 'a draw of look-backs can be repeated, and is recorded for each issue drawn',
    async run({ desk, shot }) {
      const office = await crew(desk)('bangongshi');
      await office.goto('/look-backs');
      await office.locator('[data-test=seed]').fill('演示种子');
      await office.getByLabel('比例（%）').fill('100');
      await office.getByLabel('比例（%）').press('Tab');
      await office.locator('[data-test=draw]').click();
      await office.locator('tbody tr').first().waitFor();
      const drawn = await office.locator('tbody td.code a').allTextContents();
      await shot(office, 'look-back-draw', { fullPage: true, phone: true });
      const again = (await ask(office, `/api/v1/look-backs/draw?seed=${encodeURIComponent('演示种子')}&percent=100`)).body;
      assert.deepEqual(again.drawn.map((d) => d.issue.issue_code).sort(), [...drawn].sort());
      await office.locator('[data-test=record-look-backs]').click();
      await office.locator('[data-test=planned]', { hasText: String(drawn.length) }).waitFor();
      for (const { issue } of again.drawn) assert.equal((await issueOf(office, issue.issue_id)).issue.look_back_plans.length, 1, issue.issue_code);
    },
  },
];
