// T1: enrol, take the pack, lose the signal, verify two sites, reload, restart, be killed, come back, send: all is there.
import assert from 'node:assert/strict';

import { RANGERS } from '../phone.mjs';

export const journeys = [
  {
    name: 'field: two sites verified without a signal, through reload, restart and a dead battery',
    async run({ setUp, shot }) {
      const { server, network, phone: make, faults } = await setUp();
      const phone = make();
      await phone.open();
      await shot(phone.page, 'field-enrol');
      await phone.enrol(RANGERS[0]);
      await phone.page.waitForSelector('[data-test=check-result]');
      await shot(phone.page, 'field-check', { fullPage: true });
      const [first, second] = (await phone.sites()).filter((site) => (site.required_shots ?? []).length <= 2);
      await phone.page.click('text=任务 >> nth=0');
      await phone.page.waitForSelector(`[data-site="${first.site_code}"]`);
      await shot(phone.page, 'field-tasks');

      await phone.flight(true);
      await phone.verify(first);
      assert.equal((await phone.stats()).unsent, 3);
      await phone.page.waitForSelector('text=待传 3');
      await shot(phone.page, 'field-tasks-offline');
      await phone.page.reload();
      await phone.page.waitForSelector(`[data-site="${second.site_code}"]`);
      assert.equal((await phone.stats()).unsent, 3, 'after a reload without a network');

      // The second sheet is half done when the browser is closed, and again when the battery falls out.
      await phone.openSite(second);
      await phone.page.click('[data-test=take-position]');
      await phone.shoot('far', 'half-far');
      await phone.page.fill('#condition', '写到一半');
      await phone.page.waitForTimeout(700);
      await shot(phone.page, 'field-verify', { fullPage: true });
      await phone.close();
      await phone.open('/field');
      await phone.context.setOffline(true);
      await phone.openSite(second);
      assert.equal(await phone.page.inputValue('#condition'), '写到一半', 'the draft is there after a restart');
      await phone.shoot('near', 'half-near');
      await phone.page.waitForTimeout(700);
      await phone.kill();
      await phone.open('/field');
      await phone.context.setOffline(true);
      await phone.openSite(second);
      // Both photos are there after the battery fell out.
      await phone.page.locator('.tile.taken').nth(1).waitFor();
      if (await phone.page.locator('#outside').count()) await phone.page.fill('#outside', '隔河观察');
      await phone.page.click('[data-test=conclusion] [data-code=no_issue_lawful]');
      await phone.colleague();
      await phone.page.click('[data-test=finish]');
      await phone.page.waitForURL('**/field');
      assert.equal((await phone.stats()).unsent, 6);
      assert.equal((await server.items()).length, 0, 'nothing was sent without a network');

      await phone.page.goto(`${network.origin}/field/outbox`);
      await phone.page.waitForSelector('[data-state=waiting]');
      await shot(phone.page, 'field-outbox');
      await phone.flight(false);
      await phone.page.click('[data-test=send-all]');
      await phone.page.waitForSelector('[data-test=all-done]');
      await shot(phone.page, 'field-outbox-done');
      const items = await server.items();
      assert.deepEqual(items.map((i) => i.state), Array(6).fill('recorded'), JSON.stringify(items.map((i) => i.text)));
      assert.deepEqual(items.map((i) => i.number), [1, 2, 3, 4, 5, 6]);
      const [verified] = items.filter((i) => i.kind === 'verification.recorded');
      assert.ok(verified.body.field.was_offline && verified.body.capture.lat);
      assert.ok(items.every((i) => i.receipt.note.startsWith('qingshan-receipt/v1 ')));

      // The dossier shows it: not reviewed yet, with its photos and its phone.
      const dossier = await server.dossier(first.site_code);
      assert.deepEqual([dossier.state, dossier.unreviewed], ['verified_with_issue', [verified.id]]);
      assert.equal(dossier.verifications.at(-1).condition_text, '现场有堆料');
      for (const sha256 of verified.body.evidence) assert.ok(dossier.evidence.some((e) => e.sha256 === sha256));
      assert.equal((await server.dossier(second.site_code)).state, 'no_issue');
      assert.deepEqual(faults(), []);
    },
  },
];
