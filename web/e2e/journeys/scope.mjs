// A station head sees nothing of another station: by no route, search, tile, export or API.
import assert from 'node:assert/strict';

import { ask, signIn } from '../browser.mjs';
import { PASSWORD } from '../program.mjs';

/** Every address that takes a site's code, asked for a site of another station. */
const ADDRESSES = (code) => [
  `/api/v1/sites/${code}`,
  `/api/v1/sites/${code}/entries`,
  `/api/v1/sites/${code}/diff?from=2019-08-18&to=2019-08-19`,
  `/api/v1/sites/${code}/judgement`,
];

export const journeys = [
  {
    name: 'a station head sees nothing of another station',
    async run({ desk, shot }) {
      const office = await desk();
      await signIn(office, 'bangongshi', PASSWORD);
      const foreign = (await ask(office, '/api/v1/sites?station=mawu&limit=1')).body.items[0];
      assert.ok(foreign, 'the demonstration has sites of 麻武');
      const code = encodeURIComponent(foreign.site_code);

      const page = await desk();
      await signIn(page, 'houhe', PASSWORD);
      const own = (await ask(page, '/api/v1/sites?limit=1000')).body;
      assert.ok(own.total > 0, '后河 has sites');
      assert.deepEqual([...new Set(own.items.map((s) => s.station_id))], ['houhe']);
      assert.equal((await ask(page, '/api/v1/sites?station=mawu')).body.total ?? 0, 0);
      assert.equal((await ask(page, `/api/v1/sites?q=${code}`)).body.total, 0);
      for (const address of ADDRESSES(code)) {
        const answer = await ask(page, address);
        assert.ok([403, 404].includes(answer.status), `${address}: ${answer.status}`);
        assert.ok(!JSON.stringify(answer.body).includes(foreign.facility_name ?? foreign.site_id), address);
      }
      for (const format of ['csv', 'geojson']) {
        const file = await ask(page, `/api/v1/ledgers/sites/file?format=${format}`);
        assert.equal(file.status, 200);
        assert.ok(!JSON.stringify(file.body).includes(foreign.site_code), `${format} tells of another station`);
      }
      assert.notEqual((await ask(page, '/api/v1/people')).status, 200);

      await page.goto(`/sites/${code}`);
      await page.locator('[role=alert]').first().waitFor();
      assert.ok(!(await page.textContent('main')).includes(foreign.facility_name ?? '\u0000'));
      await page.goto('/ledgers/sites');
      await page.locator('[data-test=ledger-total]').waitFor();
      await shot(page, 'ledger-station');
    },
  },
  {
    name: 'tiles hold only what the post may see',
    async run({ desk }) {
      const seen = [];
      for (const login of ['bangongshi', 'houhe']) {
        const page = await desk();
        await signIn(page, login, PASSWORD);
        const me = (await ask(page, '/api/v1/session')).body;
        const codes = await page.evaluate(async (paths) => {
          const texts = await Promise.all(paths.map(async (path) => new TextDecoder('latin1').decode(await (await fetch(path)).arrayBuffer())));
          return texts.join(' ');
        }, tilesOver(me.reserve.bbox, 11).map((tile) => `/api/v1/tiles/sites/${tile}.mvt`));
        seen.push(codes);
      }
      assert.ok(seen[0].includes('mawu'), 'the office sees 麻武');
      assert.ok(seen[1].includes('houhe'), '后河 sees itself');
      assert.ok(!seen[1].includes('mawu') && !seen[1].includes('taitong'), '后河 sees others in a tile');
    },
  },
];

/** Every tile that touches a box. */
function tilesOver([west, south, east, north], z) {
  const n = 2 ** z;
  const column = (lon) => Math.floor(((lon + 180) / 360) * n);
  const row = (lat) => Math.floor(((1 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI) / 2) * n);
  const tiles = [];
  for (let x = column(west); x <= column(east); x++) for (let y = row(north); y <= row(south); y++) tiles.push(`${z}/${x}/${y}`);
  return tiles;
}
