// Journeys of the phone against the register: `node e2e/field.mjs --binary qingshan --demo DIR --out DIR [--dist DIR] [--only NAME]`.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { launch, signIn, sitDown } from './browser.mjs';
import { setUp } from './phone.mjs';
import { PASSWORD } from './program.mjs';

const option = (name, otherwise) => (process.argv.includes(`--${name}`) ? process.argv[process.argv.indexOf(`--${name}`) + 1] : otherwise);
const out = resolve(option('out', 'field-e2e'));
const only = option('only', '');
const dist = resolve(option('dist', fileURLToPath(new URL('../dist', import.meta.url))));
const [binary, demo] = ['binary', 'demo'].map((name) => resolve(option(name, '')));
mkdirSync(join(out, 'screens'), { recursive: true });

const folder = new URL('./journeys/', import.meta.url);
const files = readdirSync(folder).filter((f) => /^field-.*\.mjs$/.test(f)).sort();
const modules = await Promise.all(files.map((f) => import(new URL(f, folder))));
const journeys = modules.flatMap((m) => m.journeys).filter((j) => j.name.includes(only));
const shot = (page, name, options = {}) => page.screenshot({ path: join(out, 'screens', `${name}.png`), ...options });

const failed = [];
/** Runs a journey at a place of its own; what its phones show is kept where it fails. */
async function travel(journey) {
  const places = [];
  const pages = [];
  const desks = [];
  const begin = async (options) => {
    const place = await setUp({ dist, binary, demo, out, ...options });
    places.push(place);
    const phone = (o) => (pages.push(place.phone(o)), pages.at(-1));
    return { ...place, phone };
  };
  const desk = async (origin, login) => {
    const browser = await launch();
    const seat = await sitDown(browser, origin);
    desks.push({ ...seat, browser });
    await signIn(seat.page, login, PASSWORD);
    return seat.page;
  };
  try {
    await journey.run({ setUp: begin, shot, out, desk });
    const faults = desks.flatMap((d) => d.faults);
    if (faults.length > 0) throw new Error([...new Set(faults)].join('\n'));
  } catch (error) {
    const name = journey.name.replaceAll(/\W+/g, '-').slice(0, 60);
    for (const [i, p] of pages.entries()) await shot(p.page, `failed-${name}-${i}`, { timeout: 5_000 }).catch(() => undefined);
    for (const [i, d] of desks.entries()) await shot(d.page, `failed-${name}-desk-${i}`).catch(() => undefined);
    throw error;
  } finally {
    for (const d of desks) await d.browser.close();
    for (const place of places) await place.tearDown();
  }
}
for (const journey of journeys) {
  const began = Date.now();
  try {
    await travel(journey);
    console.log(`ok    ${journey.name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed.push({ name: journey.name, why: String(error?.stack ?? error) });
    console.error(`FAIL  ${journey.name}\n${String(error?.stack ?? error)}`);
  }
}
writeFileSync(join(out, 'report.json'), JSON.stringify({ passed: journeys.length - failed.length, failed }, null, 2));
console.log(`${journeys.length - failed.length} of ${journeys.length} journeys passed`);
process.exit(failed.length > 0 || journeys.length === 0 ? 1 : 0);
