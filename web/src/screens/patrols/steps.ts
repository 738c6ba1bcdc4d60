import type { Cell } from '@/api/patrols';

/** 分级 — five steps from light to dark that the colour-blind tell apart; what was not visited is none of them. */
export const RAMP = ['#fde725', '#8fd744', '#35b779', '#21908d', '#31688e'] as const;
export const EMPTY = '#d9d4cc';
export type Measure = 'passes' | 'minutes';
const BOUNDS: Record<Measure, readonly number[]> = { passes: [1, 2, 3, 5, 9], minutes: [0, 5, 15, 45, 120] };

/** Step of a visited cell, from 0; -1 where nobody was. */
export function stepOf(cell: Pick<Cell, 'passes' | 'minutes'>, by: Measure): number {
  if (cell.passes === 0) return -1;
  const value = cell[by];
  let step = 0;
  BOUNDS[by].forEach((bound, i) => {
    if (value >= bound) step = i;
  });
  return step;
}

export const colourOf = (cell: Pick<Cell, 'passes' | 'minutes'>, by: Measure): string => {
  const step = stepOf(cell, by);
  return step < 0 ? EMPTY : RAMP[step]!;
};

/** From where to where each step goes, with its colour; the last one has no end. */
export const rangesOf = (by: Measure): { colour: string; from: number; to?: number }[] => BOUNDS[by].map((from, i) => ({ colour: RAMP[i]!, from, to: BOUNDS[by][i + 1] }));
