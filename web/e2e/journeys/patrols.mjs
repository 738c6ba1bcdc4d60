// Patrols at the desk: tracks are imported, one is looked at on the map with its gap, reviewed, and the net of cells shows what was walked.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ask, signIn } from '../browser.mjs';
import { PASSWORD } from '../program.mjs';

const settled = (page) => page.waitForTimeout(2500);
const LON_M = 90_500;
const LAT_M = 110_960;

/** A walk to and fro over a box, a fix every 15 s; one long silence in the middle. */
function gpx(name, day, [west, south], { speed = 1.2, rows = 4 } = {}) {
  const fixes = [];
  let t = Date.parse(`${day}T00:30:00Z`);
  for (let n = 0; n < rows * 60; n += 1) {
    const row = Math.floor(n / 60);
    const along = row % 2 === 0 ? n % 60 : 59 - (n % 60);
    const wobble = ((n * 7919) % 13) / 13;
    t += 15_000 + ((n * 31) % 5) * 400;
    if (n === rows * 30) t += 40 * 60_000;
    const lon = west + (along * speed * 15 + 6 * wobble) / LON_M;
    const lat = south + (row * 320 + 14 * wobble + (n >= rows * 30 ? 150 : 0)) / LAT_M;
    fixes.push(`<trkpt lat="${lat.toFixed(6)}" lon="${lon.toFixed(6)}"><ele>${1700 + (n % 90)}</ele><time>${new Date(t).toISOString()}</time></trkpt>`);
  }
  const mark = `<wpt lat="${south.toFixed(6)}" lon="${(west + 0.004).toFixed(6)}"><name>沟口新修便道</name></wpt>`;
  return `<?xml version="1.0"?><gpx version="1.1" creator="handheld" xmlns="http://www.topografix.com/GPX/1/1">${mark}<trk><name>${name}</name><trkseg>${fixes.join('')}</trkseg></trk></gpx>`;
}

export const journeys = [
  {
    name: 'patrols are imported, looked at, reviewed and laid over the net of cells',
    async run({ desk, program, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      const { bbox } = (await ask(page, '/api/v1/session')).body.reserve;
      const middle = [(bbox[0] + bbox[2]) / 2, (bbox[1] + bbox[3]) / 2];
      const walks = [['东沟巡护', '2026-11-20', middle, {}], ['西沟巡护', '2026-11-22', [middle[0] - 0.03, middle[1] + 0.02], {}], ['东沟复巡', '2026-11-24', [middle[0], middle[1] + 0.003], { rows: 6 }], ['公路巡护', '2026-11-25', [middle[0] - 0.02, middle[1] - 0.02], { speed: 12 }]];
      for (const [name, day, at, more] of walks) {
        const file = join(program.folder, `${name}.gpx`);
        writeFileSync(file, gpx(name, day, at, more));
        const done = program.run('import', 'tracks', file, '--station', 'houhe', '--yes');
        assert.equal(done.counts.patrolled, 1, name);
      }
      // The same way handed in again under another name.
      const copy = join(program.folder, '另一名称.gpx');
      writeFileSync(copy, gpx('另一名称', '2026-11-20', middle, {}));
      assert.equal(program.run('import', 'tracks', copy, '--station', 'houhe', '--yes').counts.patrolled, 1);

      await page.goto('/patrols/list');
      await page.locator('[data-test=patrols] tbody tr').nth(4).waitFor();
      assert.match(await page.locator('[data-test=patrol-totals]').innerText(), /^5 次/);
      await shot(page, 'patrol-list', { phone: true });
      await page.locator('[data-test=patrols] tr', { hasText: '公路巡护' }).getByRole('link').click();
      await page.locator('[data-test=doubts]').waitFor();
      await settled(page);
      await shot(page, 'patrol-road', { fullPage: true });
      await page.goto('/patrols/list?plausibility=high');
      await page.locator('[data-test=patrols] tbody tr').nth(1).waitFor();
      await page.locator('[data-test=patrols] tr', { hasText: '另一名称' }).getByRole('link').click();
      await page.locator('[data-test=doubts]', { hasText: '逐点相同' }).waitFor();
      await settled(page);
      await shot(page, 'patrol-doubted', { fullPage: true, phone: true });

      const reader = await desk();
      await signIn(reader, 'houhe', PASSWORD);
      await reader.goto('/patrols/list');
      await reader.locator('[data-test=patrols] tr', { hasText: '西沟巡护' }).getByRole('link').click();
      await reader.locator('[data-test=accept]').click();
      await reader.locator('[data-test=review-state]', { hasText: '已通过' }).waitFor();

      await page.goto('/patrols/coverage?days=365');
      await page.locator('[data-test=coverage-map][data-drawn=true]').waitFor();
      await shot(page, 'patrol-coverage', { fullPage: true, phone: true });
      const coverage = (await ask(page, '/api/v1/patrols/coverage?days=365')).body;
      assert.ok(coverage.cells.visited > 5 && coverage.cells.visited < coverage.cells.total, JSON.stringify(coverage.cells));
      await page.goto('/patrols/coverage?days=365&station=houhe&heat=minutes');
      await page.locator('[data-test=coverage-map][data-drawn=true]').waitFor();
      await shot(page, 'patrol-coverage-minutes');
      await page.goto('/patrols/statistics?month=2026-11');
      await page.locator('[data-test=patrol-statistics] tbody tr').first().waitFor();
      await shot(page, 'patrol-statistics', { phone: true });

      await page.goto('/patrols/plan?station=houhe&month=2026-11');
      await page.locator('[data-test=off-route]').waitFor();
      const proposal = (await ask(page, '/api/v1/patrols/plans/proposal?station=houhe&month=2026-11')).body;
      const on = proposal.rounds.reduce((sum, r) => sum + r.key_points.length, 0);
      assert.equal(on + proposal.off_route.length + proposal.without_position.length, proposal.unfinished);
      await shot(page, 'patrol-plan-proposed', { fullPage: true, phone: true });
      if (proposal.off_route.length > 0) await page.locator('[data-test=own-round]').first().click();
      const rows = await page.locator('[data-test=plan] tbody tr').count();
      assert.equal(rows, proposal.rounds.length + Math.min(1, proposal.off_route.length));
      await page.locator('[data-test=plan-adopt]').click();
      await page.locator('[data-test=plan-state]', { hasText: '完成' }).waitFor();
      const plan = (await ask(page, '/api/v1/patrols/plans/houhe/2026-11')).body;
      assert.equal(plan.version, 1);
      assert.equal(plan.rounds.length, rows);
      await shot(page, 'patrol-plan', { fullPage: true });
    },
  },
  {
    name: 'a patrol is entered at the desk, corrected with a reason, and its finding becomes a clue',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'houhe', PASSWORD);
      // A place in the station's own territory, by the number of a site that was registered there.
      const sites = (await ask(page, '/api/v1/sites?limit=200&station=houhe')).body.items;
      const { lon, lat } = sites.find((s) => s.site_code.includes('-HH-') && s.lon);
      const inbox = async () => (await ask(page, '/api/v1/clues?limit=1000&source=patrol')).body.items.length;
      const before = await inbox();
      await page.goto('/patrols/list');
      await page.locator('[data-test=enter-patrol]').click();
      const form = page.locator('[data-test=patrol-form]');
      await form.waitFor();
      const save = page.locator('[data-test=save-patrol]');
      assert.equal(await save.isDisabled(), true, 'nothing can be saved before leader and summary are given');
      await form.locator('[data-test=leader] input, input[data-test=leader]').fill('后河保护站护林员');
      await form.locator('[data-test=summary] textarea, textarea[data-test=summary]').fill('沟口一线，有人采挖');
      // Until now, whatever the hour is: it has ended before it is entered.
      for (const [at, time] of [[0, '00:00'], [1, '00:00']]) await form.locator('input[type=time]').nth(at).fill(time);
      await page.locator('[data-test=add-finding]').click();
      const draft = page.locator('[data-test=finding-draft]');
      await draft.locator('input[type=time]').fill('00:00');
      await draft.locator('[data-test=finding-lon] input').fill(String(lon));
      await draft.locator('[data-test=finding-lat] input').fill(String(lat));
      await draft.locator('[data-test=finding-note] input, input[data-test=finding-note]').fill('沟口采挖');
      await shot(page, 'patrol-entry', { fullPage: true, phone: true });
      await save.click();
      await page.locator('[data-test=review-state]').waitFor();
      assert.equal(await inbox(), before + 1, 'the finding is in the inbox');
      assert.equal(await page.locator('[data-test=make-clue]').count(), 0);

      await page.locator('[data-test=correct-patrol]').click();
      await form.locator('[data-test=summary] textarea, textarea[data-test=summary]').fill('沟口一线，有人采挖，已劝离');
      await page.locator('[data-test=add-finding]').click();
      await draft.locator('input[type=time]').fill('00:00');
      await draft.locator('[data-test=finding-note] input, input[data-test=finding-note]').fill('羊群入沟');
      await draft.locator('.el-checkbox').click();
      assert.equal(await save.isDisabled(), true, 'a correction needs a reason');
      await form.locator('[data-test=correction-reason] input, input[data-test=correction-reason]').fill('补记处置');
      await save.click();
      await form.waitFor({ state: 'detached' });
      await page.getByText('已劝离').first().waitFor();
      await page.locator('[data-test=make-clue]').click();
      await page.locator('[data-test=make-clue]').waitFor({ state: 'detached' });
      // A finding without a place lies in nobody's territory: the office sees it.
      assert.ok((await inbox()) >= before + 1);
      await page.locator('li', { hasText: '羊群入沟' }).waitFor();
      await shot(page, 'patrol-corrected', { fullPage: true });
    },
  },
];
