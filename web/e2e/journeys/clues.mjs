// The inbox and the wizard: a dirty batch comes in with its doubts told, and clues are worked down and undone.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { ask, clicks, signIn } from '../browser.mjs';
import { PASSWORD } from '../program.mjs';

const openClues = async (page) => (await ask(page, '/api/v1/clues?state=open&limit=1')).body.total;

/** A dirty list of the demonstration, as it lies in its folder. */
function dirtyFile(inputs) {
  const all = readdirSync(inputs, { recursive: true }).map(String);
  const found = all.find((f) => /督察.*\.xlsx$/.test(f)) ?? all.find((f) => f.endsWith('.xlsx'));
  return join(inputs, found);
}

export const journeys = [
  {
    name: 'a dirty batch is checked, mapped, previewed and committed; the same file again changes nothing',
    async run({ desk, program, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      await page.goto('/imports');
      await page.locator('.el-select').first().click();
      await page.getByRole('option', { name: /督察/ }).click();
      await page.setInputFiles('[data-test=import-file]', dirtyFile(program.inputs));
      await shot(page, 'import-file');
      await page.locator('form .el-button--primary').click();
      await page.locator('[data-test=fates]').waitFor({ timeout: 60_000 });
      await shot(page, 'import-checks', { fullPage: true });
      const size = (await ask(page, '/api/v1/sites?limit=1')).body.log_size;
      const box = page.locator('.acts .el-checkbox');
      if (await box.isVisible()) await box.click();
      await page.locator('.acts .el-button--primary').click();
      await page.getByText('已入库').first().waitFor({ timeout: 60_000 });
      await shot(page, 'import-done');
      const after = (await ask(page, '/api/v1/sites?limit=1')).body.log_size;
      assert.ok(after >= size);
      assert.equal(after - size <= 2, true, 'the file was imported before, so its clues are the same ones');
    },
  },
  {
    name: 'a clue is merged with a reason in three clicks, and the merge is undone by a counter-entry',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      const before = await openClues(page);
      assert.ok(before > 0, 'the demonstration leaves clues open');
      const list = (await ask(page, '/api/v1/clues?state=open&limit=200&sort=received_on')).body.items;
      let chosen;
      for (const clue of list) {
        const matches = (await ask(page, `/api/v1/clues/${clue.clue_id}/matches`)).body;
        if (matches.length > 0) {
          chosen = clue.clue_id;
          break;
        }
      }
      assert.ok(chosen, 'an open clue has a proposal');
      const way = clicks(page);
      await way.click('a.number[href*="/clues"]');
      await page.goto(`/clues?clue=${chosen}`);
      way.count += 1;
      await page.locator('.proposals button').first().waitFor();
      await page.waitForTimeout(1500);
      await shot(page, 'clue-matches', { fullPage: true });
      const form = page.locator('form.reason').first();
      await form.locator('input').fill('位置、名称一致');
      await way.click(form.locator('.el-button'));
      await page.locator('[data-test=open-clues]', { hasText: String(before - 1) }).waitFor();
      assert.ok(way.count <= 3, `${way.count} clicks`);
      await page.goto(`/clues?clue_state=linked&clue=${chosen}`);
      const undo = page.locator('form.reason').last();
      await undo.locator('input').fill('核对后不是同一处');
      await undo.locator('.el-button').click();
      await page.waitForFunction(async (n) => (await (await fetch('/api/v1/clues?state=open&limit=1')).json()).total === n, before);
    },
  },
];
