// A colleague stated the same field meanwhile: both are shown side by side, a person decides, others are not held up.
import assert from 'node:assert/strict';

import { HEAD } from '../phone.mjs';

/** Corrects the owner's name on the phone. */
async function correct(phone, site, value) {
  await phone.openSite(site);
  const { unsent } = await phone.stats();
  await phone.page.click('[data-correct=owner_name]');
  await phone.page.fill('#correct-value', value);
  await phone.page.fill('#correct-reason', '门牌');
  await phone.page.click('form >> text=保存');
  await phone.page.waitForSelector(`text=待传 ${unsent + 1}`);
}
const amend = async (server, site, value) => {
  const { status, body } = await server.ask(`/sites/${encodeURIComponent(site.site_code)}/amendments`, { method: 'POST', body: { facts: { owner_name: value }, reason: '营业执照', based_on: site.version } });
  assert.equal(status, 200, JSON.stringify(body));
};
const ownerOf = async (server, site) => (await server.dossier(site.site_code)).facts.find((f) => f.field === 'owner_name');

export const journeys = [
  {
    name: 'field: two values for one field are shown side by side and decided from the phone, or at the desk',
    async run({ setUp, shot, desk }) {
      const { server, phone: make, network, faults } = await setUp();
      const phone = make();
      await phone.open();
      await phone.enrol(HEAD);
      const sites = (await phone.sites()).filter((site) => site.facts.owner_name && (site.required_shots ?? []).length <= 2);
      const [first, second, third] = sites;
      await phone.flight(true);
      for (const [site, value] of [[first, '演示采石有限公司甲'], [second, '演示采石有限公司乙']]) {
        await phone.page.goto(`${network.origin}/field`);
        await correct(phone, site, value);
      }
      await phone.page.goto(`${network.origin}/field`);
      await phone.verify(third);
      await amend(server, first, '演示石料厂甲');
      await amend(server, second, '演示石料厂乙');
      await phone.flight(false);
      await phone.page.goto(`${network.origin}/field/outbox`);
      await phone.syncAll();
      await phone.page.locator('[data-test=use-mine]').nth(1).waitFor();
      await shot(phone.page, 'field-conflict', { fullPage: true });
      assert.equal((await phone.stats()).by_state.recorded, 3, 'the other items went on');

      // The first one is decided by whoever made it.
      const own = phone.page.locator('[data-state=held]').filter({ hasText: '演示采石有限公司甲' }).first();
      await own.locator('[data-test=use-mine]').click();
      await own.locator('[data-test=decision-reason]').fill('现场核对营业执照');
      await own.locator('[data-test=decide]').click();
      await phone.page.waitForFunction(() => document.querySelectorAll('[data-test=use-mine]').length === 1);
      const owner = await ownerOf(server, first);
      assert.equal(owner.value, '演示采石有限公司甲');
      assert.ok(owner.others.some((claim) => claim.value === '演示石料厂甲'), 'the other value is kept');

      // The second one at the desk, by the head of the station.
      const page = await desk(server.origin, HEAD);
      await page.goto('/field-desk');
      await page.waitForSelector('article[data-state=held]');
      await shot(page, 'field-desk-items');
      await page.click('[data-test=theirs-owner_name]');
      await page.fill('[data-test=desk-reason] input, input[data-test=desk-reason]', '以营业执照为准');
      await page.click('[data-test=desk-merge]');
      await page.waitForSelector('article[data-state=held]', { state: 'detached' });
      assert.equal((await ownerOf(server, second)).value, '演示石料厂乙');
      await page.goto('/field-desk/phones');
      await page.waitForSelector('[data-device]');
      await shot(page, 'field-desk-phones');
      await page.goto('/field-desk/balance');
      await page.waitForSelector('[data-test=balance]');
      await shot(page, 'field-desk-balance');

      await phone.syncAll();
      await phone.page.waitForSelector('[data-test=all-done]');
      const amended = (await server.items()).filter((i) => i.kind === 'site.amended');
      assert.deepEqual(amended.map((i) => [i.state, i.decided.choice]), [['recorded', 'merge'], ['recorded', 'merge']]);
      assert.deepEqual(faults(), []);
    },
  },
];
