import { expect, test } from 'vitest';

import { isDue, tidyTrack, type FixLine, type Gap } from './track';

const metres = ([a = 0, b = 0]: number[], [c = 0, d = 0]: number[]) => Math.hypot((c - a) * 90_600, (d - b) * 111_000);
const at = (s: number, m: number, accuracy = 5): FixLine => [1_764_139_100_000 + s * 1000, 106.53 + m / 90_600, 35.55, 1400 + m / 100, accuracy, null, null];

test('repeats are dropped, poor fixes refused, length is of the rest', async () => {
  const track = await tidyTrack([at(0, 0), at(0, 0), at(15, 20), at(30, 40), at(35, 900, 500)], metres);
  expect([track.fixes_read, track.fixes_distinct, track.fixes_refused]).toEqual([5, 4, 1]);
  expect(track.length_m).toBeCloseTo(40, 0);
  expect(track.altitude_max_m).toBe(1400);
});

test('a gap ends a segment and its way is never summed', async () => {
  const gap: Gap = { gap: 'hidden', from: at(60, 0)[0], to: at(100, 0)[0] };
  const told = await tidyTrack([at(0, 0), at(30, 30), at(60, 60), gap, at(100, 260), at(130, 290)], metres);
  expect(told.segments).toHaveLength(2);
  expect(told.length_m).toBeCloseTo(90, 0);
  expect(told.gap_s).toBe(40);
  const silent = await tidyTrack([at(0, 0), at(30, 30), at(400, 300), at(430, 330)], metres);
  expect([silent.segments.length, silent.gap_s]).toEqual([2, 370]);
});

test('the same walk has one fingerprint, another has another', async () => {
  const [a, b, c] = await Promise.all([[at(0, 0), at(15, 20)], [at(0, 0), at(0, 0), at(15, 20)], [at(0, 0), at(15, 21.5)]].map((l) => tidyTrack(l, metres)));
  expect(a!.fingerprint).toBe(b!.fingerprint);
  expect(a!.fingerprint).not.toBe(c!.fingerprint);
});

test('a fix is kept after 15 s or 25 m', () => {
  expect([isDue(null, at(0, 0), metres), isDue(at(0, 0), at(5, 5), metres), isDue(at(0, 0), at(5, 26), metres), isDue(at(0, 0), at(15, 0), metres)]).toEqual([true, false, true, true]);
});
