// T1: enrol, take the pack, lose the signal, verify two sites, reload, restart, be killed, come back, send: all is there.
import assert from 'node:assert/strict';

export const journeys = [
  {
    name: 'field: two sites verified without a signal, through reload, restart and a dead battery',
    async run({ setUp, shot }) {
      const { server, network, phone: make, faults } = await setUp();
      const phone = make();
      await phone.open();
      await shot(phone.page, 'field-enrol');
      await phone.enrol('houhe-1');
      await phone.page.waitForSelector('[data-test=check-result]');
      await shot(phone.page, 'field-check', { fullPage: true });
      await phone.page.click('text=任务 >> nth=0');
      await phone.page.waitForSelector('[data-site="HH-2019-001"]');
      await shot(phone.page, 'field-tasks');

      await phone.flight(true);
      await phone.verify('HH-2019-002');
      assert.equal((await phone.stats()).unsent, 3);
      await phone.page.waitForSelector('text=待传 3');
      await shot(phone.page, 'field-tasks-offline');
      await phone.page.reload();
      await phone.page.waitForSelector('[data-site="HH-2019-004"]');
      assert.equal((await phone.stats()).unsent, 3, 'after a reload without a network');

      // The second sheet is half done when the browser is closed, and again when the battery falls out.
      await phone.page.click('[data-site="HH-2019-004"]');
      await phone.page.click('[data-test=take-position]');
      await phone.shoot('far', 'half-far');
      await phone.page.fill('#condition', '写到一半');
      await phone.page.waitForTimeout(700);
      await shot(phone.page, 'field-verify', { fullPage: true });
      await phone.close();
      await phone.open('/field');
      await phone.context.setOffline(true);
      await phone.page.click('[data-site="HH-2019-004"]');
      assert.equal(await phone.page.inputValue('#condition'), '写到一半', 'the draft is there after a restart');
      await phone.shoot('near', 'half-near');
      await phone.page.waitForTimeout(700);
      await phone.kill();
      await phone.open('/field');
      await phone.context.setOffline(true);
      await phone.page.click('[data-site="HH-2019-004"]');
      // Both photos are there after the battery fell out.
      await phone.page.locator('.tile.taken').nth(1).waitFor();
      await phone.page.fill('#outside', '隔河观察');
      await phone.page.click('[data-test=conclusion] [data-code=no_issue_lawful]');
      await phone.page.click('[data-post="护林员（后河乙）"]');
      await phone.page.click('[data-test=finish]');
      await phone.page.waitForURL('**/field');
      assert.equal((await phone.stats()).unsent, 6);
      assert.equal((await server.state()).items.length, 0, 'nothing was sent without a network');

      await phone.page.goto(`${network.origin}/field/outbox`);
      await phone.page.waitForSelector('[data-state=waiting]');
      await shot(phone.page, 'field-outbox');
      await phone.flight(false);
      await phone.page.click('[data-test=send-all]');
      await phone.page.waitForSelector('[data-test=all-done]');
      await shot(phone.page, 'field-outbox-done');
      const { items } = await server.state();
      assert.deepEqual(items.map((i) => i.state), Array(6).fill('recorded'));
      assert.deepEqual(items.map((i) => i.entry.stamp.number).sort(), [1, 2, 3, 4, 5, 6]);
      const verified = items.filter((i) => i.kind === 'verification.recorded').map((i) => i.entry);
      assert.ok(verified.every((e) => e.body.field.was_offline && e.body.capture.lat && e.clocks.contact_at));
      assert.equal(items.filter((i) => i.receipt).length, 6);
      assert.deepEqual(faults(), []);
    },
  },
];
