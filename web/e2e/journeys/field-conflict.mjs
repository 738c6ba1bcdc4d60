// A colleague stated the same field meanwhile: both are shown side by side, the person decides, others are not held up.
import assert from 'node:assert/strict';

export const journeys = [
  {
    name: 'field: two values for one field are shown side by side and decided from the phone',
    async run({ setUp, shot }) {
      const { server, phone: make, network, faults } = await setUp();
      const phone = make();
      await phone.open();
      await phone.enrol('houhe-head');
      await phone.flight(true);
      await phone.page.goto(`${network.origin}/field`);
      await phone.page.click('[data-site="HH-2019-001"]');
      await phone.page.click('[data-correct=owner_name]');
      await phone.page.fill('#correct-value', '后河采石有限责任公司');
      await phone.page.fill('#correct-reason', '门牌');
      await phone.page.click('form >> text=保存');
      await phone.page.waitForSelector('text=待传 1');
      await phone.page.goto(`${network.origin}/field`);
      await phone.verify('HH-2019-002');
      await server.control('amend', { stream: 'site/0190a000-0000-7000-8000-000000000001', field: 'owner_name', label: '业主', value: '后河石料厂', version: 18, actor: 'p-office', by: '办公室' });
      await phone.flight(false);
      await phone.page.goto(`${network.origin}/field/outbox`);
      await phone.syncAll();
      await phone.page.waitForSelector('[data-test=use-mine]');
      await shot(phone.page, 'field-conflict');
      assert.equal((await phone.stats()).by_state.recorded, 3, 'the other items went on');
      await phone.page.click('[data-test=use-mine]');
      await phone.page.fill('[data-test=decision-reason]', '现场核对营业执照');
      await phone.page.click('[data-test=decide]');
      await phone.page.waitForSelector('[data-test=all-done]');
      const item = (await server.state()).items.find((i) => i.kind === 'site.amended');
      assert.deepEqual([item.state, item.decided.choice, item.decided.values], ['recorded', 'merge', { owner_name: 'mine' }]);
      assert.deepEqual(faults(), []);
    },
  },
];
