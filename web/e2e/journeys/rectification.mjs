// From the judgement of a site to its close-out, and to the close-out found false: every step by the person whose step it is.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ask, clicks, signIn } from '../browser.mjs';
import { PASSWORD } from '../program.mjs';

const DAY = 86_400_000;
/** A day in China, so many days from today. */
const day = (offset = 0) => new Date(Date.now() + 8 * 3_600_000 + offset * DAY).toISOString().slice(0, 10);

/** People of one journey, each at a desk of their own. */
function crew(desk) {
  const seats = new Map();
  return async (login) => {
    if (!seats.has(login)) {
      const page = await desk();
      await signIn(page, login, PASSWORD);
      seats.set(login, page);
    }
    return seats.get(login);
  };
}

/** Asks or writes as the page's person, with what the page itself would send. */
async function send(page, path, body, method = 'POST') {
  const { csrf_token } = (await ask(page, '/api/v1/session')).body;
  return ask(page, path, { method, headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf_token }, body: JSON.stringify(body) });
}
const actsOf = (issue) => `/api/v1/issues/${encodeURIComponent(issue)}/acts`;
async function act(page, issue, kind, body) {
  const answer = await send(page, actsOf(issue), { kind, body });
  assert.equal(answer.status, 200, `${kind}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}
const issueOf = async (page, issue) => (await ask(page, `/api/v1/issues/${encodeURIComponent(issue)}`)).body;

/** A picture like no other: shapes strewn by its own seed. */
async function picture(page, folder, name, seed) {
  const data = await page.evaluate((start) => {
    let state = start;
    const next = () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [640, 480];
    const pen = canvas.getContext('2d');
    for (let i = 0; i < 90; i++) {
      pen.fillStyle = `hsl(${Math.floor(next() * 360)} ${30 + Math.floor(next() * 60)}% ${20 + Math.floor(next() * 60)}%)`;
      pen.fillRect(next() * 640, next() * 480, 20 + next() * 220, 20 + next() * 160);
    }
    return canvas.toDataURL('image/jpeg', 0.9).split(',')[1];
  }, seed);
  const path = join(folder, name);
  writeFileSync(path, Buffer.from(data, 'base64'));
  return path;
}

/** The form of the act that is open, by the names of its fields. */
function formOf(page) {
  const form = page.locator('form.act');
  const field = (name) => form.locator(`[data-field="${name}"]`);
  return {
    form,
    field,
    text: (name, value) => field(name).locator('textarea, input').first().fill(value),
    async day(name, value) {
      const input = field(name).locator('input').first();
      await input.fill(value);
      await input.press('Enter');
    },
    async choose(name, option, nth = 0) {
      await field(name).locator('.el-select').nth(nth).click();
      await page.getByRole('option', { name: option }).locator('visible=true').first().click();
    },
    async tick(name, nth) {
      await field(name).locator('input[type=checkbox]').nth(nth).check();
    },
    async upload(name, paths) {
      await field(name).locator('[data-test=act-files]').setInputFiles(paths);
      await form.locator(`[data-field="${name}"] input[type=checkbox]:checked`).nth(paths.length - 1).waitFor({ timeout: 30_000 });
    },
    next: () => form.locator('.go .el-button--primary').click(),
    /** Into the register; over the preview where the act has one. */
    async submit() {
      const button = form.locator('.go .el-button--primary');
      await button.and(page.locator(':enabled')).waitFor();
      await button.click();
      const preview = form.locator('[data-test=act-preview]');
      const isDone = form.waitFor({ state: 'detached' }).then(() => true);
      if (!(await Promise.race([isDone, preview.waitFor().then(() => false)]))) {
        await form.locator('[data-test=act-submit]').and(page.locator(':enabled')).click();
        await isDone;
      }
    },
  };
}

/** Opens an issue's page and presses the one button, which must be named so. */
async function takeNext(page, issue, label) {
  await page.goto(`/issues/${encodeURIComponent(issue)}`);
  const button = page.locator('[data-test=next-step]');
  await button.waitFor();
  assert.equal((await button.textContent()).trim(), label);
  await button.click();
  await page.locator('form.act').waitFor();
  return formOf(page);
}
const stateIs = (page, words) => page.locator('[data-test=issue-state]', { hasText: words }).waitFor();

/** A verified site of a station that the tables find unlawful, with nothing in the way of a decision. */
async function decidable(page, station) {
  const { items } = (await ask(page, `/api/v1/sites?state=verified_with_issue&station=${station}&limit=300`)).body;
  for (const site of items) {
    const judged = (await ask(page, `/api/v1/sites/${encodeURIComponent(site.site_code)}/judgement`)).body;
    const isFit = judged.proposal && !judged.awaiting && !judged.decision && !judged.obstacle && ['violation', 'legacy'].includes(judged.proposal.verdict.code);
    if (!isFit) continue;
    const dossier = (await ask(page, `/api/v1/sites/${encodeURIComponent(site.site_code)}`)).body;
    if (dossier.shape?.type?.includes('Polygon')) return dossier;
  }
  throw new Error(`no site of ${station} can be decided on`);
}

/** Decides on the site and opens its issue, on the dossier's own page. */
async function open(page, site, unit, dueOn) {
  const path = `/sites/${encodeURIComponent(site.site_code)}`;
  await page.goto(`${path}#judgement`);
  await page.getByPlaceholder(/会签岗位/).fill('包抓领导·麻武');
  await page.getByRole('button', { name: '同意建议' }).click();
  await page.locator('#judgement .decision').waitFor();
  await page.locator('[data-test=open-issue-button]').click();
  const form = page.locator('[data-test=open-issue]');
  await form.waitFor();
  const description = form.getByLabel('问题描述');
  if ((await description.inputValue()) === '') await description.fill('设施未退出，占用林地，未恢复植被');
  await form.getByLabel('整改责任单位').fill(unit);
  await form.getByLabel('完成时限').fill(dueOn);
  await form.getByLabel('完成时限').press('Enter');
  await page.locator('[data-test=open-issue-submit]').click();
  await page.waitForURL('**/issues/**');
  return page.url().split('/issues/')[1].split(/[?#]/)[0];
}

const signed = (unit, count) => Array.from({ length: count }, (_, n) => ({ post: `${unit}验收人员${n + 1}`, unit: `${unit}${n + 1}处` }));

/** An acceptance with every line met, as its wizard would send it. */
const accepted = (view, level, text) => {
  const link = view.chain.find((l) => l.level === level);
  return {
    level, result: 'passed', inspected_on: day(), units: Array.from({ length: Math.max(2, link.units) }, (_, n) => `${link.label}单位${n + 1}`), methods: ['papers', 'on_site'],
    members: signed(link.label, Math.max(2, link.signatures)), checks: view.checklist.map((l) => ({ line: l.line, is_met: true })), opinion: text, document_number: `演示${link.label}〔2019〕1号`,
  };
};

/** Plan, review and start: what stands before the work. */
async function begin(head, second, issue, dueOn) {
  const { entry_id } = await act(head, issue, 'plan.drafted', {
    target: '拆除设施，恢复植被', measures: [{ sequence: 1, content: '清运弃渣', quantities: [{ measure: 'debris_m3', value: 60 }] }], due_on: dueOn, assessment_report: '演示评估〔2019〕2号',
  });
  await act(second, issue, 'plan.reviewed', { plan: entry_id, result: 'approved', reviewed_on: day(), reviewers: signed('审核', 2), document_number: '演示审〔2019〕2号' });
  await act(head, issue, 'rectification.started', { started_on: day() });
}

async function upload(page, site, paths) {
  await page.goto(`/sites/${encodeURIComponent(site)}#evidence`);
  await page.locator('#evidence').waitFor();
  const before = new Set((await ask(page, `/api/v1/sites/${encodeURIComponent(site)}`)).body.evidence.map((e) => e.sha256));
  await page.setInputFiles('[data-test=evidence-file]', paths);
  const fresh = async () => (await ask(page, `/api/v1/sites/${encodeURIComponent(site)}`)).body.evidence.filter((e) => !before.has(e.sha256));
  for (let i = 0; i < 60 && (await fresh()).length < paths.length; i++) await page.waitForTimeout(250);
  const added = await fresh();
  return paths.map((path) => added.find((e) => path.endsWith(e.file_name)).sha256);
}

/** Every condition evidenced, as the page of the checklist would send it. */
async function evidenceAll(page, issue, file, word, skip = []) {
  const view = await issueOf(page, issue);
  for (const line of view.checklist.filter((l) => !skip.includes(l.line))) {
    await act(page, issue, 'completion.evidenced', { line: line.line, statement: `${line.label}：${word}`, evidence: [file], ...(line.values.length > 0 ? { value: line.values[0] } : {}) });
  }
}

const CLOSED = {};

export const journeys = [
  {
    name: 'an issue runs from the judgement over urging, acceptance and notice to its close-out, each step by another person',
    async run({ desk, program, shot }) {
      const as = crew(desk);
      const office = await as('bangongshi');
      const site = await decidable(office, 'mawu');
      const issue = await open(office, site, '演示砂石有限公司', day(-12));
      await stateIs(office, '性质已判别');
      await shot(office, 'issue-opened', { fullPage: true });

      // The plan, with a measure that can be counted, read once more before it is entered.
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
      await shot(head, 'plan-editor', { fullPage: true });
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

      form = await takeNext(head, issue, '开工整改');
      await form.submit();
      await stateIs(head, '整改中');

      // The day has passed: the first rung of the ladder is the station's, issued from the desk after a look at the letter.
      const code = (await issueOf(head, issue)).issue_code;
      await head.goto('/workbench');
      const way = clicks(head);
      await way.click('[data-work=urge] h2 a');
      await head.locator(`tr[data-issue="${code}"] input[type=checkbox]:enabled`).waitFor();
      await way.click('[data-test=urging-preview]');
      await head.locator('[data-test=urging-issue-all]').waitFor();
      await shot(head, 'urging-preview');
      await way.click('[data-test=urging-issue-all]');
      await head.locator('[data-test=urging-issue-all]').waitFor({ state: 'detached' });
      assert.equal(way.count, 3);
      assert.equal((await issueOf(head, issue)).issue.urgings.length, 1);
      // The next rung is another post's: the desk says whose.
      await head.locator(`tr[data-issue="${code}"]`, { hasText: '由包抓领导办理' }).waitFor();

      // The urging is answered where it stands.
      await head.goto(`/issues/${issue}#urging`);
      await head.locator('#urging article .el-button').first().click();
      form = formOf(head);
      await form.text('text', '已增加机械，加快清运');
      await form.submit();

      // Work: progress in quantities with files, each condition evidenced, and the report with pictures from one viewpoint.
      const before = await picture(head, program.folder, '整改前.jpg', 11);
      const after = await picture(head, program.folder, '整改后.jpg', 22);
      form = await takeNext(head, issue, '填报进展');
      await form.choose('measure', /拆除厂房/);
      await form.text('text', '厂房已拆除，垃圾清运完毕');
      await form.field('quantities').getByRole('button', { name: /增加一行/ }).click();
      await form.choose('quantities', /清运建筑垃圾/);
      await form.field('quantities').getByLabel(/数量/).fill('120');
      await form.field('quantities').getByLabel(/数量/).press('Tab');
      await form.upload('evidence', [before, after]);
      await form.submit();
      await head.locator('#plan td.figure', { hasText: '120' }).first().waitFor();

      const first = (await issueOf(head, issue)).checklist[0];
      await head.locator(`#checklist li[data-line="${first.line}"] .el-button`).click();
      form = formOf(head);
      if (first.values.length > 0) await form.choose('value', /./);
      await form.text('statement', `${first.label}：现场核对属实，材料附后`);
      await form.tick('evidence', 0);
      await form.submit();
      await head.locator(`#checklist li[data-line="${first.line}"] .yes`).waitFor();
      const files = (await ask(head, `/api/v1/sites/${encodeURIComponent(site.site_code)}`)).body.evidence;
      const sha = (name) => files.find((e) => e.file_name === name).sha256;
      await evidenceAll(head, issue, sha('整改后.jpg'), '厂房拆净，苗木栽植成行，附现场记录', [first.line]);

      form = await takeNext(head, issue, '报告整改完成');
      await form.text('result_text', '厂房全部拆除，垃圾清运一百二十方，坡面覆土后撒播本地草种');
      await form.field('measures').locator('li', { hasText: '整改后.jpg' }).locator('input[type=checkbox]').check();
      await form.field('photo_pairs').getByRole('button', { name: /增加一行/ }).click();
      await form.choose('photo_pairs', /整改前/, 0);
      await form.choose('photo_pairs', /整改后/, 1);
      await form.field('photo_pairs').getByLabel(/整改前 方位/).fill('85');
      await form.field('photo_pairs').getByLabel(/整改后 方位/).fill('90');
      await form.field('photo_pairs').getByLabel(/整改后 方位/).press('Tab');
      await form.field('restored_area_m2').locator('input').fill('1500');
      await form.field('restored_area_m2').locator('input').press('Tab');
      await shot(head, 'report-form', { fullPage: true });
      await form.submit();
      await stateIs(head, '整改完成待验收');

      // The self-check, line by line, by somebody who did none of the work.
      const lead = await as('baozhua-mawu');
      form = await takeNext(lead, issue, '自验');
      await form.field('methods').getByText('实地核查').click();
      await form.field('members').getByLabel('参加人员 2 岗位').fill('护林员·麻武');
      await form.next();
      const lines = form.field('checks').locator('li');
      for (let n = 0; n < (await lines.count()); n++) await lines.nth(n).getByText('达到', { exact: true }).click();
      await shot(lead, 'acceptance-lines', { fullPage: true });
      await form.next();
      await form.choose('result', '通过');
      await form.text('opinion', '到现场走了一圈，厂房基础已清除，坡面见绿');
      await form.submit();
      await lead.locator('#acceptance .chain li.passed', { hasText: '自验' }).waitFor();

      // County and city, each another person; a line that is not met would send it back.
      const county = accepted(await issueOf(second, issue), 'county', '会同自然资源部门查看，弃渣已清，占地已腾退');
      await second.goto(`/issues/${issue}`);
      assert.equal((await second.locator('[data-test=next-step]').textContent()).trim(), '县级验收');
      const lame = await send(second, `${actsOf(issue)}?dry_run=true`, { kind: 'acceptance.recorded', body: { ...county, checks: county.checks.slice(1) } });
      assert.equal(lame.body.code, 'issue.step_refused');
      assert.ok(lame.body.details.missing.some((l) => l.code === 'rectify.lines_checked'), JSON.stringify(lame.body));
      await act(second, issue, 'acceptance.recorded', county);
      const city = await as('shiji');
      await act(city, issue, 'acceptance.recorded', accepted(await issueOf(city, issue), 'city', '查阅档案并抽查现场，认定完成'));

      // The notice has hung out its ten working days; an objection is answered before anything is closed.
      form = await takeNext(office, issue, '发布公示');
      await form.text('title', `关于${site.facility_name ?? site.site_code}整改完成拟销号的公示`);
      await form.day('started_on', day(-3));
      await form.day('ended_on', day(-1));
      await office.locator('[data-test=lacks]', { hasText: '公示期不足' }).waitFor();
      await form.day('started_on', day(-40));
      await form.upload('evidence', [await picture(office, program.folder, '公示截图.jpg', 33)]);
      await form.submit();
      await stateIs(office, '公示中');
      await act(office, issue, 'objection.received', { received_on: day(), text: '沟底还有少量石块', channel: '电话' });
      const leader = await as('juzhang');
      await leader.goto(`/issues/${issue}`);
      await leader.locator('#acceptance article', { hasText: '沟底还有少量石块' }).locator('.el-button').click();
      form = formOf(leader);
      await form.choose('result', '异议不成立');
      await form.text('text', '经复查，石块为河道自然堆积');
      await form.submit();

      // Not before the province has filed it.
      const early = await send(leader, `${actsOf(issue)}?dry_run=true`, { kind: 'close_out.recorded', body: { number: 'X', reason: 'rectified', reason_text: '完成', closed_on: day(), document_number: 'X' } });
      assert.ok(early.body.details?.missing?.some((l) => l.code === 'rectify.earlier_levels'), JSON.stringify(early.body));
      const province = await as('shengji');
      await act(province, issue, 'acceptance.recorded', accepted(await issueOf(province, issue), 'province', '材料齐全，予以备案'));

      form = await takeNext(leader, issue, '销号');
      await form.text('number', '演示销〔2019〕1号');
      await form.text('reason_text', '设施拆除、弃渣清运、植被恢复均已落实');
      await form.text('document_number', '演示验〔2019〕1号');
      await form.submit();
      await stateIs(leader, '已销号');
      await shot(leader, 'issue-closed', { fullPage: true });
      const closed = await issueOf(leader, issue);
      assert.deepEqual(closed.checklist.filter((l) => !l.is_evidenced), []);
      assert.equal(new Set(closed.issue.steps.filter((s) => /accept|determine|file|close/.test(s.step)).map((s) => s.actor)).size, 5, 'five steps out, five people');

      // The board counts it where it stands, and the number opens it.
      await office.goto('/issues');
      await office.locator('.column[data-state=closed_out] h2 a').click();
      await office.locator('tbody', { hasText: closed.issue_code }).waitFor();
      Object.assign(CLOSED, { issue, site, before: sha('整改前.jpg'), after: sha('整改后.jpg'), text: closed.issue.reports[0].result_text });
    },
  },
  {
    name: 'a draw of look-backs can be repeated, and is recorded for each issue drawn',
    async run({ desk, shot }) {
      assert.ok(CLOSED.issue, 'an issue was closed before');
      const as = crew(desk);
      const office = await as('bangongshi');
      await office.goto('/look-backs');
      await office.locator('[data-test=seed]').fill('演示种子');
      await office.getByLabel('比例（%）').fill('100');
      await office.getByLabel('比例（%）').press('Tab');
      await office.locator('[data-test=draw]').click();
      const rows = office.locator('tbody tr');
      await rows.first().waitFor();
      const drawn = await office.locator('tbody td.code a').allTextContents();
      await shot(office, 'look-back-draw');
      const again = (await ask(office, `/api/v1/look-backs/draw?seed=${encodeURIComponent('演示种子')}&percent=100`)).body;
      assert.deepEqual(again.drawn.map((d) => d.issue.issue_code).sort(), [...drawn].sort());
      await office.locator('[data-test=record-look-backs]').click();
      await office.locator('[data-test=planned]', { hasText: String(drawn.length) }).waitFor();
      assert.equal((await issueOf(office, CLOSED.issue)).issue.look_back_plans.length, 1);
    },
  },
  {
    name: 'a close-out found false goes back: judged by another person, opened anew from the dossier, the old one marked',
    async run({ desk, shot }) {
      assert.ok(CLOSED.issue, 'an issue was closed before');
      const { issue, site } = CLOSED;
      const as = crew(desk);
      const head = await as('mawu');
      await head.goto(`/issues/${issue}`);
      await head.locator('[data-step=suspect_relapse]').click();
      let form = formOf(head);
      await form.text('reason', '新图斑压在原址上，现场又见砂堆');
      await form.submit();

      const city = await as('shiji');
      await city.goto(`/issues/${issue}#close-out`);
      await city.locator('#close-out article', { hasText: '新图斑压在原址上' }).locator('.el-button').click();
      form = formOf(city);
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
      await office.locator('[data-test=open-issue-submit]').click();
      await office.waitForURL('**/issues/**');
      const fresh = office.url().split('/issues/')[1].split(/[?#]/)[0];
      assert.notEqual(fresh, issue);
      assert.equal((await issueOf(office, fresh)).issue.opened.reopens, issue);
      await office.goto(`/issues/${issue}`);
      await office.getByText('已重新立账').waitFor();
      await shot(office, 'issue-reopened', { fullPage: true });
      assert.equal((await issueOf(office, issue)).issue.reopened_by, fresh);
    },
  },
  {
    name: 'a close-out copied from another dossier is found, judged fake by the discipline office, and stops acceptance',
    async run({ desk, program, shot }) {
      assert.ok(CLOSED.issue, 'an issue was closed before');
      const as = crew(desk);
      const [office, head, second] = [await as('bangongshi'), await as('mawu'), await as('fuhe')];
      const site = await decidable(office, 'mawu');
      const issue = await open(office, site, '演示建材有限公司', day(40));
      await begin(head, second, issue, day(40));
      const [old, copied] = await upload(head, site.site_code, [await picture(head, program.folder, '原貌.jpg', 44), await picture(head, program.folder, '照搬.jpg', 22)]);
      await act(head, issue, 'progress.reported', { measure: 1, to_on: day(), text: '弃渣清运', quantities: [{ measure: 'debris_m3', value: 60 }], evidence: [old] });
      await evidenceAll(head, issue, old, '已办妥');
      await act(head, issue, 'rectification.reported', {
        completed_on: day(), result_text: CLOSED.text.replace('一百二十', '六十'), measures: [{ sequence: 1, evidence: [copied] }], restored_area_m2: 900,
        photo_pairs: [{ before: old, after: copied, before_azimuth_deg: 10, after_azimuth_deg: 12 }],
      });

      const discipline = await as('jiwei');
      await discipline.goto('/suspicions');
      await discipline.locator('[data-test=run-start]').click();
      await discipline.locator('[data-test=run]', { hasText: '查找完毕' }).waitFor({ timeout: 120_000 });
      const code = (await issueOf(discipline, issue)).issue_code;
      await discipline.goto(`/suspicions?issue=${encodeURIComponent(code)}`);
      for (const kind of ['reused_photo', 'copied_text']) await discipline.locator(`tr[data-suspicion=${kind}]`).first().waitFor();
      await shot(discipline, 'suspicion-desk', { fullPage: true });

      // Texts with what differs marked; pictures beside each other.
      await discipline.locator('tr[data-suspicion=copied_text] a').first().click();
      await discipline.locator('[data-pair=text] mark').first().waitFor();
      await shot(discipline, 'suspicion-texts', { fullPage: true });
      await discipline.goto(`/suspicions?issue=${encodeURIComponent(code)}&suspicion=reused_photo`);
      await discipline.locator('tr[data-suspicion=reused_photo] a').first().click();
      await discipline.locator('[data-pair=photo] img').nth(1).waitFor();
      await shot(discipline, 'suspicion-photos', { fullPage: true });
      await discipline.locator('#verdict').getByText('虚假整改').click();
      await discipline.locator('#verdict form.reason input').fill('整改后照片取自另一点位');
      await discipline.locator('#verdict form.reason .el-button').click();
      await discipline.locator('#verdict b', { hasText: '虚假整改' }).waitFor();

      const lead = await as('baozhua-mawu');
      await act(lead, issue, 'acceptance.recorded', accepted(await issueOf(lead, issue), 'self', '现场看过'));
      await second.goto(`/issues/${issue}`);
      const stopped = second.locator('[data-test=next-step]:disabled');
      await stopped.waitFor();
      await second.locator('#next', { hasText: '有重大疑点未判定，或已认定虚假整改' }).waitFor();
      const refused = await send(second, actsOf(issue), { kind: 'acceptance.recorded', body: accepted(await issueOf(second, issue), 'county', '同意') });
      assert.equal(refused.body.code, 'issue.step_refused');
      assert.ok(refused.body.details.missing.some((l) => l.code === 'rectify.no_suspicion'));

      // Every number of the statistics opens its list.
      await discipline.goto('/suspicions?view=statistics');
      const cell = discipline.locator('tbody tr', { hasText: '照片他处已用' }).locator('td.figure a').first();
      const count = Number(await cell.textContent());
      await cell.click();
      await discipline.locator('[data-test=suspicion-total]', { hasText: `${count} 条` }).waitFor();
    },
  },
];
