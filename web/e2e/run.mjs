// Every journey against the real binary: `node e2e/run.mjs --binary qingshan --demo DIR --out DIR [--only NAME]`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { launch, lookedAt, sitDown } from './browser.mjs';
import { Program } from './program.mjs';
import * as atSize from './journeys/at-size.mjs';
import * as backgrounds from './journeys/backgrounds.mjs';
import * as clues from './journeys/clues.mjs';
import * as dossiers from './journeys/dossiers.mjs';
import * as everyRoute from './journeys/every-route.mjs';
import * as figures from './journeys/figures.mjs';
import * as finding from './journeys/finding.mjs';
import * as ledgers from './journeys/ledgers.mjs';
import * as mapTools from './journeys/map-tools.mjs';
import * as patrols from './journeys/patrols.mjs';
import * as people from './journeys/people.mjs';
import * as rectification from './journeys/rectification.mjs';
import * as scope from './journeys/scope.mjs';
import * as standing from './journeys/standing.mjs';
import * as threeClicks from './journeys/three-clicks.mjs';

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at > 0 ? process.argv[at + 1] : otherwise;
};
const out = resolve(option('out', 'web-e2e'));
const only = option('only', '');
mkdirSync(join(out, 'screens'), { recursive: true });
const web = fileURLToPath(new URL('../dist', import.meta.url));
const program = new Program({ binary: resolve(option('binary', '')), demo: resolve(option('demo', '')), web, out });
const LOGINS = ['guanli', 'bangongshi', 'fuhe', 'juzhang', 'houhe', 'mawu', 'baozhua-houhe', 'ducha', 'jiwei', 'shiji', 'shengji', 'baozhua-mawu'];

// Readers first, so that writers do not move the figures under them.
const modules = { finding, figures, scope, everyRoute, people, ledgers, clues, mapTools, backgrounds, dossiers, threeClicks, standing, rectification, patrols, atSize };
const journeys = Object.values(modules).flatMap((m) => m.journeys).filter((j) => j.name.includes(only));

async function travel(browser, journey) {
  const desks = [];
  const desk = async (viewport) => {
    const seat = await sitDown(browser, program.origin, viewport);
    desks.push(seat);
    return seat.page;
  };
  const shot = (page, name, options = {}) => lookedAt(page, join(out, 'screens', name), options);
  try {
    await journey.run({ desk, program, out, shot });
    const faults = desks.flatMap((d) => d.faults);
    if (faults.length > 0) throw new Error([...new Set(faults)].join('\n'));
  } catch (error) {
    for (const [i, d] of desks.entries()) await shot(d.page, `failed-${journey.name.replaceAll(/\W+/g, '-')}-${i}`).catch(() => undefined);
    throw error;
  } finally {
    for (const d of desks) await d.context.close();
  }
}

const failed = [];
let passed = 0;
try {
  await program.start();
  for (const login of LOGINS) await program.enrol(login);
  const browser = await launch();
  for (const journey of journeys) {
    const began = Date.now();
    try {
      await travel(browser, journey);
      passed += 1;
      console.log(`ok    ${journey.name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed.push({ name: journey.name, why: String(error?.stack ?? error) });
      console.error(`FAIL  ${journey.name}\n${String(error?.stack ?? error)}`);
    }
  }
  await browser.close();
} finally {
  await program.stop();
  writeFileSync(join(out, 'report.json'), JSON.stringify({ passed, failed }, null, 2));
}
console.log(`${passed} of ${journeys.length} journeys passed`);
process.exit(failed.length > 0 || passed === 0 ? 1 : 0);
