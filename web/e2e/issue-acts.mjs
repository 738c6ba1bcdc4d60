// What journeys of rectification share: people at their desks, the form of an act, and what stands before the act in question.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ask, signIn } from './browser.mjs';
import { PASSWORD } from './program.mjs';

const DAY = 86_400_000;
/** A day in China, so many days from today. */
export const day = (offset = 0) => new Date(Date.now() + 8 * 3_600_000 + offset * DAY).toISOString().slice(0, 10);

/** People of one journey, each at a desk of their own. */
export function crew(desk) {
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
export async function send(page, path, body, method = 'POST') {
  const { csrf_token } = (await ask(page, '/api/v1/session')).body;
  return ask(page, path, { method, headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf_token }, body: JSON.stringify(body) });
}
export const actsOf = (issue) => `/api/v1/issues/${encodeURIComponent(issue)}/acts`;
export async function act(page, issue, kind, body) {
  const answer = await send(page, actsOf(issue), { kind, body });
  assert.equal(answer.status, 200, `${kind}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}
export const issueOf = async (page, issue) => (await ask(page, `/api/v1/issues/${encodeURIComponent(issue)}`)).body;

/** A picture like no other: shapes strewn by its own seed; saved anew with another quality it looks the same and is another file. */
export async function picture(page, folder, name, seed, quality = 0.9) {
  const data = await page.evaluate(([start, kept]) => {
    let state = start;
    const next = () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [640, 480];
    const pen = canvas.getContext('2d');
    for (let i = 0; i < 90; i++) {
      pen.fillStyle = `hsl(${Math.floor(next() * 360)} ${30 + Math.floor(next() * 60)}% ${20 + Math.floor(next() * 60)}%)`;
      pen.fillRect(next() * 640, next() * 480, 20 + next() * 220, 20 + next() * 160);
    }
    return canvas.toDataURL('image/jpeg', kept).split(',')[1];
  }, [seed, quality]);
  const path = join(folder, name);
  writeFileSync(path, Buffer.from(data, 'base64'));
  return path;
}

/** The form of the act that is open, by the names of its fields. */
export function formOf(page) {
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
    press: () => form.locator('.go .el-button--primary').and(page.locator(':enabled')).click(),
    /** Into the register; over the preview where the act has one. */
    async submit() {
      await this.press();
      const preview = form.locator('[data-test=act-preview]');
      const isDone = form.waitFor({ state: 'detached' }).then(() => true);
      if (!(await Promise.race([isDone, preview.waitFor().then(() => false)]))) {
        await form.locator('[data-test=act-submit]').and(page.locator(':enabled')).click();
        await isDone;
      }
    },
  };
}

/** Opens a page as it stands now, also where the desk is on it already. */
export async function visit(page, path) {
  await page.goto('about:blank');
  await page.goto(path);
}

/** Opens an issue's page and presses the one button, which must be named so. */
export async function takeNext(page, issue, label) {
  await visit(page, `/issues/${encodeURIComponent(issue)}`);
  const button = page.locator('[data-test=next-step]');
  await button.waitFor();
  assert.equal((await button.textContent()).trim(), label);
  await button.click();
  await page.locator('form.act').waitFor();
  return formOf(page);
}
export const stateIs = (page, words) => page.locator('[data-test=issue-state]', { hasText: words }).waitFor();

/** A verified site of a station that the tables find unlawful, with nothing in the way of a decision. */
export async function decidable(page, station) {
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
export async function open(page, site, unit, dueOn) {
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

export const signed = (unit, count) => Array.from({ length: count }, (_, n) => ({ post: `${unit}验收人员${n + 1}`, unit: `${unit}${n + 1}处` }));

/** An acceptance with every line met, as its wizard would send it. */
export const accepted = (view, level, text) => {
  const link = view.chain.find((l) => l.level === level);
  return {
    level, result: 'passed', inspected_on: day(), units: Array.from({ length: Math.max(2, link.units) }, (_, n) => `${link.label}单位${n + 1}`), methods: ['papers', 'on_site'],
    members: signed(link.label, Math.max(2, link.signatures)), checks: view.checklist.map((l) => ({ line: l.line, is_met: true })), opinion: text, document_number: `演示${link.label}〔2019〕1号`,
  };
};

/** Plan, review and start: what stands before the work. */
export async function begin(head, second, issue, dueOn) {
  const { entry_id } = await act(head, issue, 'plan.drafted', {
    target: '拆除设施，恢复植被', measures: [{ sequence: 1, content: '清运弃渣', quantities: [{ measure: 'debris_m3', value: 60 }] }], due_on: dueOn, assessment_report: '演示评估〔2019〕2号',
  });
  await act(second, issue, 'plan.reviewed', { plan: entry_id, result: 'approved', reviewed_on: day(), reviewers: signed('审核', 2), document_number: '演示审〔2019〕2号' });
  await act(head, issue, 'rectification.started', { started_on: day() });
}

export async function upload(page, site, paths) {
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
export async function evidenceAll(page, issue, file, word, skip = []) {
  const view = await issueOf(page, issue);
  for (const line of view.checklist.filter((l) => !skip.includes(l.line))) {
    await act(page, issue, 'completion.evidenced', { line: line.line, statement: `${line.label}：${word}`, evidence: [file], ...(line.values.length > 0 ? { value: line.values[0] } : {}) });
  }
}
