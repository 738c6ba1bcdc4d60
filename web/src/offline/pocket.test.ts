// The built engine answers what the program answers: every case of the tables, 2,000 outlines, positions and ways.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';

import { engineOf, type Engine } from './pocket-engine';

const at = (path: string): string => fileURLToPath(new URL(`../../../crates/pocket/${path}`, import.meta.url));
interface Case { asked: { op: string }; answer: unknown }

function cases(): Case[] {
  if (!existsSync(at('cases.json'))) throw new Error('crates/pocket/cases.json is missing: `cargo nextest run -p pocket` writes what the program answers');
  return JSON.parse(readFileSync(at('cases.json'), 'utf8')) as Case[];
}
const built = (): Promise<Engine> => engineOf(new Uint8Array(brotliDecompressSync(readFileSync(at('dist/pocket.wasm.br')))));

/** The last digit of what is measured: the two use different sine tables, whose last bit may turn a rounding, and the way round a splinter of a
 * millimetre in a mended outline. All else is equal. */
const LAST_DIGIT: Record<string, number> = { area_m2: 0.01, outside_m2: 0.01, distance_m: 0.01, border_m: 0.01, length_m: 0.01, perimeter_m: 0.01, area_mu: 1e-4, share: 1e-6, bearing_deg: 0.1 };
/** What differs; a number that is off by its last digit is counted instead. */
function differences(found: unknown, wanted: unknown, name: string, turned: string[]): string[] {
  if (typeof found === 'number' && typeof wanted === 'number' && found !== wanted && Math.abs(found - wanted) <= (LAST_DIGIT[name] ?? 0) * 1.001) {
    turned.push(name);
    return [];
  }
  if (found === null || wanted === null || typeof found !== 'object' || typeof wanted !== 'object') return found === wanted ? [] : [`${name}: ${String(found)}, not ${String(wanted)}`];
  const names = new Set([...Object.keys(found), ...Object.keys(wanted)]);
  return [...names].flatMap((n) => differences((found as Record<string, unknown>)[n], (wanted as Record<string, unknown>)[n], /^\d+$/.test(n) ? name : n, turned));
}

type Ring = [number, number][];
/** The corners of each ring of a mended outline, whichever way round. */
const corners = (shape: { type: string; coordinates: Ring[] | Ring[][] } | undefined): string[] =>
  !shape ? [] : (shape.type === 'Polygon' ? (shape.coordinates as Ring[]) : (shape.coordinates as Ring[][]).flat()).map((ring) => ring.slice(1).map(String).sort().join(' '));
interface Answered { ok?: { repaired?: Parameters<typeof corners>[0] } }
const withCorners = (answer: unknown): unknown => {
  const { ok } = answer as Answered;
  return ok?.repaired ? { ok: { ...ok, repaired: { type: ok.repaired.type, corners: corners(ok.repaired) } } } : answer;
};

test('the built engine answers every case as the program does', async () => {
  const engine = await built();
  const all = cases();
  const count = (op: string): number => all.filter((c) => c.asked.op === op).length;
  expect([count('judge') >= 416, count('questions') >= 416, count('outline') >= 2_000, count('place') >= 400]).toEqual([true, true, true, true]);
  const turned: string[] = [];
  for (const { asked, answer } of all) {
    const text = JSON.stringify(asked);
    expect(differences(withCorners(engine.call(text)), withCorners(answer), '', turned), text.slice(0, 300)).toEqual([]);
  }
  console.log(`${all.length} questions, ${turned.length} numbers off by their last digit`);
  expect(turned.length).toBeLessThan(all.length / 50);
}, 300_000);

test('a file in pieces has the hash of the whole', async () => {
  const engine = await built();
  const bytes = new Uint8Array(3_000_000).map((_, i) => (i * 31) >> 5);
  const hash = engine.hash();
  for (let from = 0; from < bytes.length; from += 700_001) hash.add(bytes.subarray(from, from + 700_001));
  const whole = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  expect(hash.end()).toBe(Array.from(whole, (b) => b.toString(16).padStart(2, '0')).join(''));
});
