/** 轨迹 — what a patrol recorded: fixes as they came, gaps told as gaps, length only where one was seen to walk. */
import type { LineString, Position } from 'geojson';

import { instant, sha256, utf8 } from './canonical';

/** `[t_ms, lon, lat, altitude, accuracy, speed, heading]`, as written into the file. */
export type FixLine = [number, number, number, number | null, number | null, number | null, number | null];
export type GapKind = 'hidden' | 'killed' | 'paused' | 'no_fix';
export interface Gap { gap: GapKind; from: number; to: number }

const GAP_MS = 300_000;
const GAP_M = 50;
const LONG_GAP_MS = 1_800_000;
const WORST_ACCURACY_M = 200;
const STANDING_MPS = 0.3;
const STEP_MS = 15_000;
const STEP_M = 25;

/** A fix is kept every 15 s or 25 m, whichever comes first. */
export const isDue = (last: FixLine | null, next: FixLine, metres: (a: Position, b: Position) => number): boolean =>
  last === null || next[0] - last[0] >= STEP_MS || metres([last[1], last[2]], [next[1], next[2]]) >= STEP_M;

export interface Segment { started_at: string; ended_at: string; length_m: number; shape: LineString }
export interface Tidied { fixes_read: number; fixes_distinct: number; fixes_refused: number; length_m: number; moving_s: number; gap_s: number; segments: Segment[]; fingerprint: string; started_at?: string; ended_at?: string; altitude_start_m?: number; altitude_max_m?: number }

const isGood = ([, lon, lat, , accuracy]: FixLine): boolean => Math.abs(lon) <= 180 && Math.abs(lat) <= 90 && !(lon === 0 && lat === 0) && (accuracy ?? 0) <= WORST_ACCURACY_M;
const rounded = (n: number, digits: number): number => Number(n.toFixed(digits));

/** The same walk gives the same fingerprint, whatever name it goes under. */
export const fingerprintOf = (fixes: readonly FixLine[]): Promise<string> =>
  sha256(utf8(fixes.map(([t, lon, lat]) => `${Math.round(t / 1000)} ${lon.toFixed(5)} ${lat.toFixed(5)}`).join('\n')));

export async function tidyTrack(lines: readonly (FixLine | Gap)[], metres: (a: Position, b: Position) => number): Promise<Tidied> {
  const gaps = lines.filter((l): l is Gap => !Array.isArray(l));
  const read = lines.filter((l): l is FixLine => Array.isArray(l)).sort((a, b) => a[0] - b[0]);
  const seen = new Set<string>();
  const distinct = read.filter((f) => !seen.has(`${f[0]} ${f[1]} ${f[2]}`) && seen.add(`${f[0]} ${f[1]} ${f[2]}`));
  const good = distinct.filter(isGood);
  const runs: FixLine[][] = [];
  let [length_m, moving_s, gap_s] = [0, 0, 0];
  for (const [i, fix] of good.entries()) {
    const last = good[i - 1];
    const step = last ? metres([last[1], last[2]], [fix[1], fix[2]]) : 0;
    const ms = last ? fix[0] - last[0] : 0;
    const isGap = last !== undefined && ((ms > GAP_MS && step > GAP_M) || ms > LONG_GAP_MS || gaps.some((g) => g.from < fix[0] && g.to > last[0]));
    if (!last || isGap) runs.push([]);
    else {
      length_m += step;
      if (ms > 0 && step / (ms / 1000) > STANDING_MPS) moving_s += ms / 1000;
    }
    if (isGap) gap_s += ms / 1000;
    runs.at(-1)!.push(fix);
  }
  const segments = runs.filter((r) => r.length > 1).map((r): Segment => ({
    started_at: instant(r[0]![0]), ended_at: instant(r.at(-1)![0]), length_m: rounded(r.slice(1).reduce((sum, f, i) => sum + metres([r[i]![1], r[i]![2]], [f[1], f[2]]), 0), 1),
    shape: { type: 'LineString', coordinates: r.map(([, lon, lat]) => [lon, lat]) },
  }));
  const heights = good.map((f) => f[3]).filter((h): h is number => h !== null);
  return {
    fixes_read: read.length, fixes_distinct: distinct.length, fixes_refused: distinct.length - good.length, length_m: rounded(length_m, 1), moving_s: Math.round(moving_s), gap_s: Math.round(gap_s), segments,
    fingerprint: await fingerprintOf(good), ...(good.length > 0 ? { started_at: instant(good[0]![0]), ended_at: instant(good.at(-1)![0]) } : {}),
    ...(heights.length > 0 ? { altitude_start_m: Math.round(heights[0]!), altitude_max_m: Math.round(Math.max(...heights)) } : {}),
  };
}
