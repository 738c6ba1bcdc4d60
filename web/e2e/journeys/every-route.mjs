// Every route at desk and phone width: axe finds nothing serious, nothing sticks out sideways, and a picture is kept.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { ask, DESKTOP, PHONE, signIn } from '../browser.mjs';
import { PASSWORD } from '../program.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** The grid draws its headings itself; what is left of its markup after our mending is let pass there alone. */
const GRID_ONLY = new Set(['aria-required-children', 'aria-required-parent', 'scrollable-region-focusable', 'aria-required-attr', 'aria-allowed-attr', 'empty-table-header']);

async function serious(page) {
  // Evaluated by the debugger, so the page's own policy is not in the way.
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const result = await window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] });
    return result.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => ({ id: v.id, nodes: v.nodes.map((n) => ({ target: n.target.join(' '), html: n.html.slice(0, 160), why: n.failureSummary?.slice(0, 240) })) }));
  });
  return found
    .map((v) => ({ ...v, nodes: v.nodes.filter((n) => !(GRID_ONLY.has(v.id) && /revo|rgRow|rgCell|Header|grid/i.test(n.target + n.html))) }))
    .filter((v) => v.nodes.length > 0);
}

const routesOf = (site, issue) => [
  ['workbench', '/workbench', 'h1'],
  ['map', '/map', '.maplibregl-canvas'],
  ['compare', '/compare', '.maplibregl-canvas'],
  ['clues', '/clues', 'h1'],
  ['imports', '/imports', 'h1'],
  ['ledgers-sites', '/ledgers/sites', 'a.grid-link'],
  ['ledgers-focal', '/ledgers/focal', 'a.grid-link'],
  ['sites', '/sites', 'table.plain'],
  ['dossier', `/sites/${encodeURIComponent(site)}`, '#timeline li'],
  ['dashboard', '/dashboard', 'figure canvas'],
  ['law', '/law?clause=N94-26', 'article'],
  ['law-tables', '/law?table=generic', 'article'],
  ['ledgers-grouped', '/ledgers/sites?group=station', '.groups button'],
  ['issues', '/issues', '.column li'],
  ['issues-list', '/issues?view=list', 'tbody tr'],
  ['issue', `/issues/${issue}`, '#timeline li'],
  ['issue-statistics', '/issues?view=statistics', 'table.plain'],
  ['registers', '/registers', 'h1'],
  ['worklist', '/worklist', 'h1'],
  ['duties', '/duties', 'table.plain'],
  ['urging', '/urging?due=all', 'h1'],
  ['look-backs', '/look-backs', 'form'],
  ['suspicions', '/suspicions', 'h1'],
  ['suspicion-statistics', '/suspicions?view=statistics', 'h1'],
  ['patrols', '/patrols/list', 'h1'],
  ['patrol-coverage', '/patrols/coverage', '.maplibregl-canvas'],
  ['patrol-statistics', '/patrols/statistics', 'table'],
  ['tokens', '/admin/tokens', 'h1'],
  ['log', '/admin/log', 'pre'],
];

async function look(page, name, viewport, shot) {
  await page.waitForTimeout(1200);
  await shot(page, `${name}-${viewport.width}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 1, `${name}: ${wide} px stick out at ${viewport.width}`);
  const found = await serious(page);
  assert.deepEqual(found, [], `${name} at ${viewport.width}: ${JSON.stringify(found, null, 1)}`);
}

const walk = (viewport) => async ({ desk, shot }) => {
  const page = await desk(viewport);
  await page.goto('/login');
  await page.locator('#login').waitFor();
  await look(page, 'login', viewport, shot);
  await signIn(page, 'bangongshi', PASSWORD);
  const site = (await ask(page, '/api/v1/sites?limit=1&ledger=verified')).body.items[0].site_code;
  const issue = (await ask(page, '/api/v1/issues?limit=1')).body.items[0].issue_id;
  const wrong = [];
  for (const [name, path, landmark] of routesOf(site, issue)) {
    try {
      await page.goto(path);
      await page.locator(landmark).first().waitFor({ timeout: 30_000 });
      await look(page, name, viewport, shot);
    } catch (error) {
      wrong.push(String(error.message));
    }
  }
  assert.deepEqual(wrong, []);
};

export const journeys = [
  { name: 'every route at desk width', run: walk(DESKTOP) },
  { name: 'every route at phone width', run: walk(PHONE) },
  {
    name: 'the administrator sees people and accesses, no ledgers',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'guanli', PASSWORD);
      for (const tab of ['people', 'access', 'log']) {
        await page.goto(`/admin/${tab}`);
        await page.locator('table.plain').first().waitFor();
        await look(page, `admin-${tab}`, DESKTOP, shot);
      }
      assert.equal(await page.locator('nav a[href^="/ledgers"]').count(), 0);
    },
  },
  {
    name: 'English pages mark the campaign’s Chinese words for screen readers, and speak English otherwise',
    async run({ desk, shot }) {
      const page = await desk();
      await page.addInitScript(() => localStorage.setItem('qingshan.language', 'en'));
      await signIn(page, 'bangongshi', PASSWORD);
      const wrong = [];
      for (const [path, landmark] of [['/workbench', 'a.number'], ['/dashboard', 'table.cross'], ['/ledgers/sites', 'a.grid-link'], ['/ledgers/sites?group=station', '.groups button'], ['/sites', 'table.plain'], ['/law?clause=N94-26', 'article'], ['/admin/tokens', 'h1'], ['/admin/log', 'table, pre']]) {
        await page.goto(path);
        await page.locator(landmark).first().waitFor();
        await page.waitForTimeout(800);
        const unmarked = await page.evaluate(() => {
          const found = [];
          const walker = document.createTreeWalker(document.getElementById('app'), NodeFilter.SHOW_TEXT);
          for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            const at = node.parentElement;
            if (/\p{Script=Han}/u.test(node.textContent) && at.checkVisibility() && !at.closest('[lang]:not(html)')?.lang.startsWith('zh')) found.push(`${at.tagName}.${at.className}: ${node.textContent.trim().slice(0, 30)}`);
          }
          return [...new Set(found)].slice(0, 6);
        });
        if (unmarked.length > 0) wrong.push([path, ...unmarked]);
      }
      await shot(page, 'english');
      assert.deepEqual(wrong, []);
    },
  },
  {
    name: 'a server out of reach is told, and the page goes on by itself when it answers again',
    async run({ desk, shot }) {
      const page = await desk();
      await signIn(page, 'bangongshi', PASSWORD);
      await page.locator('a.number').first().waitFor();
      const unreached = (route) => route.abort('connectionrefused');
      await page.route(/\/(api|health)/, unreached);
      await page.getByRole('navigation').getByRole('link', { name: '法规与判别表' }).click();
      const notice = page.locator('.offline');
      await notice.waitFor();
      await shot(page, 'out-of-reach');
      await page.unroute(/\/(api|health)/, unreached);
      await notice.waitFor({ state: 'detached', timeout: 40_000 });
      await page.locator('nav.list a').first().waitFor();
    },
  },
  {
    name: 'the keyboard alone reaches a dossier from the sign-in',
    async run({ desk }) {
      const page = await desk();
      await page.goto('/login');
      await page.locator('#login').focus();
      await page.keyboard.type('bangongshi');
      await page.keyboard.press('Tab');
      await page.keyboard.type(PASSWORD);
      await page.keyboard.press('Enter');
      await page.waitForURL('**/workbench');
      await page.locator('a.number').first().waitFor();
      await page.goto('/sites?ledger=sites');
      const link = page.locator('table.plain tbody a').first();
      await link.waitFor();
      for (let i = 0; i < 60; i++) {
        await page.keyboard.press('Tab');
        if (await link.evaluate((el) => el === document.activeElement)) break;
      }
      assert.ok(await link.evaluate((el) => el === document.activeElement), 'the first site is not reached by Tab');
      await page.keyboard.press('Enter');
      await page.waitForURL('**/sites/**');
    },
  },
];
