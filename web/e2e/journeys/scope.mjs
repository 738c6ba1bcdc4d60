// A station head sees nothing of another station: by no route, search, tile, export or API.
import assert from 'node:assert/strict';
import { inflateRawSync } from 'node:zlib';

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
    name: 'no list, ledger, judgement, feed or file tells a station head of another station',
    async run({ desk }) {
      const [office, page] = [await desk(), await desk()];
      await signIn(office, 'bangongshi', PASSWORD);
      await signIn(page, 'houhe', PASSWORD);
      const { own, foreign } = await foreignTo(office, page);
      assert.ok(own.length > 50 && foreign.length > 300, `${own.length} of one’s own, ${foreign.length} of others`);
      let answered = 0;
      for (const path of [...BULK, ...FEEDS]) {
        const text = await told(page, path);
        if (text) answered += 1;
        assert.equal(foreign.find((word) => text.includes(word)), undefined, path);
      }
      // The same search finds what is one's own, in a workbook too.
      assert.ok((await told(page, '/api/v1/ledgers/sites/file?format=xlsx')).includes(own[0]));
      assert.ok((await told(page, '/api/v1/ledgers/sites/file?format=gpkg')).includes(own[0]));
      assert.ok(answered > 60, `${answered} addresses answered`);
    },
  },
  {
    name: 'no timeline, evidence or clue of another station opens by its address',
    async run({ desk }) {
      const [office, page] = [await desk(), await desk()];
      await signIn(office, 'bangongshi', PASSWORD);
      await signIn(page, 'houhe', PASSWORD);
      const sites = (await ask(office, '/api/v1/sites?station=mawu&limit=1000')).body.items;
      const clue = (await ask(office, '/api/v1/clues?station=mawu&limit=1')).body.items[0];
      const dossiers = await Promise.all(sites.slice(0, 40).map(async (s) => (await ask(office, `/api/v1/sites/${encodeURIComponent(s.site_code)}`)).body));
      const blobs = dossiers.flatMap((d) => d.evidence.map((e) => e.sha256));
      const paths = [
        ...sites.slice(0, 20).flatMap((s) => ADDRESSES(encodeURIComponent(s.site_code))),
        `/api/v1/clues/${clue.clue_id}`,
        `/api/v1/clues/${clue.clue_id}/matches`,
        ...blobs.flatMap((sha) => [`/api/v1/blobs/${sha}`, `/api/v1/blobs/${sha}/thumbnail`]),
        `/api/v1/questions/file?site=${encodeURIComponent(sites[0].site_code)}`,
      ];
      for (const path of paths) assert.equal(await told(page, path), '', path);
    },
  },
  {
    name: 'tiles hold only what the post may see',
    async run({ desk }) {
      const seen = [];
      let office;
      for (const login of ['bangongshi', 'houhe']) {
        const page = await desk();
        await signIn(page, login, PASSWORD);
        const me = (await ask(page, '/api/v1/session')).body;
        const codes = await page.evaluate(async (paths) => {
          const texts = await Promise.all(paths.map(async (path) => new TextDecoder('latin1').decode(await (await fetch(path)).arrayBuffer())));
          return texts.join(' ');
        }, tilesOver(me.reserve.bbox, 11).map((tile) => `/api/v1/tiles/sites/${tile}.mvt`));
        seen.push(codes);
        if (login === 'houhe') {
          const { foreign } = await foreignTo(office, page);
          for (const layer of ['sites', 'clues', 'patches', 'routes', 'stations']) {
            for (const tile of [...tilesOver(me.reserve.bbox, 11), ...tilesOver(me.reserve.bbox, 13)]) {
              for (const query of ['', '?station=mawu']) {
                const text = await told(page, `/api/v1/tiles/${layer}/${tile}.mvt${query}`);
                assert.equal([...foreign, ...(NAMES[layer] ?? [])].find((word) => text.includes(word)), undefined, `${layer} ${tile}${query}`);
              }
            }
          }
        } else office = page;
      }
      assert.ok(seen[0].includes('mawu'), 'the office sees 麻武');
      assert.ok(seen[1].includes('houhe'), '后河 sees itself');
      assert.ok(!seen[1].includes('mawu') && !seen[1].includes('taitong'), '后河 sees others in a tile');
    },
  },
];

/** Everything a station head may ask for in bulk; what is of other stations must stand in none of it, whatever the filters. */
const BULK = ['', '?station=mawu', '?lead=lead_mawu', '?station=houhe,mawu,taitong'].flatMap((filter) => {
  const and = filter ? '&' : '?';
  return [
    `/api/v1/sites${filter}${and}limit=1000`,
    `/api/v1/clues${filter}${and}limit=1000`,
    `/api/v1/judgements${filter}${and}limit=1000`,
    `/api/v1/judgements/file${filter}`,
    `/api/v1/questions/file${filter || '?all=true'}`,
    `/api/v1/dashboard${filter}`,
    `/api/v1/statistics${filter}`,
    `/api/v1/statistics/file${filter}`,
    `/api/v1/checks${filter}`,
    `/api/v1/checks/file${filter}`,
    `/api/v1/issues${filter}${and}limit=1000`,
    `/api/v1/issues/statistics${filter}`,
    `/api/v1/duties${filter}${and}limit=1000`,
    `/api/v1/urging${filter}${and}due=all&limit=200`,
    ...['sites', 'focal', 'verified'].flatMap((view) => [
      `/api/v1/ledgers/${view}${filter}${and}limit=1000`,
      `/api/v1/ledgers/${view}${filter}${and}limit=1000&as_of=2019-08-18`,
      `/api/v1/ledgers/${view}/groups${filter}${and}by=site_code`,
      `/api/v1/ledgers/${view}/diff${filter}${and}from=2019-08-10&to=2019-08-19`,
      ...['xlsx', 'csv', 'geojson', 'gpkg'].map((format) => `/api/v1/ledgers/${view}/file${filter}${and}format=${format}`),
    ]),
  ];
});
const FEEDS = [
  '/ogc/collections/sites/items?limit=10000', '/ogc/collections/clues/items?limit=10000', '/feeds/changes.rss', '/feeds/deadlines.ics', '/api/v1/work-items', '/api/v1/worklist?limit=1000',
  '/api/v1/lessons', '/api/v1/publicity', '/api/v1/suspicions', '/api/v1/access-log', '/api/v1/log/entries?limit=1000',
];

/** The texts of a zip's members, so that a workbook can be searched. */
function unzipped(bytes) {
  const texts = [];
  for (let at = bytes.indexOf('PK\x01\x02', 0, 'latin1'); at >= 0; at = bytes.indexOf('PK\x01\x02', at + 4, 'latin1')) {
    const [method, packed, local] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20), bytes.readUInt32LE(at + 42)];
    const from = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const member = bytes.subarray(from, from + packed);
    texts.push((method === 8 ? inflateRawSync(member) : member).toString());
  }
  return texts.join('\n');
}

/** What an address tells this page's person, as text; nothing where it refuses. */
async function told(page, path) {
  const answer = await page.context().request.get(path);
  if (!answer.ok()) {
    assert.ok([403, 404].includes(answer.status()), `${path}: ${answer.status()}`);
    return '';
  }
  const bytes = await answer.body();
  return bytes.subarray(0, 2).toString() === 'PK' ? unzipped(bytes) : bytes.toString();
}

/** Ground that is drawn by name. */
const NAMES = { routes: ['麻武', '太统', '崆峒山'], stations: ['麻武保护站', '太统保护站', '崆峒山保护站'] };

/** What is of other stations alone: codes of sites, ids and numbers of clues. */
async function foreignTo(office, page) {
  const all = async (seat) => [(await ask(seat, '/api/v1/sites?limit=1000')).body.items, (await ask(seat, '/api/v1/clues?limit=1000')).body.items];
  const [[sites, clues], [ownSites, ownClues]] = [await all(office), await all(page)];
  const words = (s, c) => [...s.map((i) => i.site_code), ...c.flatMap((i) => [i.clue_id, i.external_code])].filter(Boolean);
  // A clue that stands for a site of one's own is told by that site, wherever it was reported.
  const codes = new Set(ownSites.map((s) => s.site_code));
  const own = new Set(words(ownSites, [...ownClues, ...clues.filter((c) => codes.has(c.site_code))]));
  return { own: [...own], foreign: words(sites, clues).filter((w) => !own.has(w)) };
}

/** Every tile that touches a box. */
function tilesOver([west, south, east, north], z) {
  const n = 2 ** z;
  const column = (lon) => Math.floor(((lon + 180) / 360) * n);
  const row = (lat) => Math.floor(((1 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI) / 2) * n);
  const tiles = [];
  for (let x = column(west); x <= column(east); x++) for (let y = row(north); y <= row(south); y++) tiles.push(`${z}/${x}/${y}`);
  return tiles;
}
