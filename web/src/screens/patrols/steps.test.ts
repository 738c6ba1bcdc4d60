import { describe, expect, it } from 'vitest';

import { colourOf, EMPTY, RAMP, rangesOf, stepOf } from './steps';

describe('steps of the heat map', () => {
  it('tell an empty cell from one that was passed once', () => {
    expect(colourOf({ passes: 0, minutes: 0 }, 'passes')).toBe(EMPTY);
    expect(colourOf({ passes: 1, minutes: 0 }, 'minutes')).toBe(RAMP[0]);
  });
  it('grow with what they measure', () => {
    const steps = [1, 2, 3, 4, 5, 8, 9, 100].map((passes) => stepOf({ passes, minutes: 0 }, 'passes'));
    expect(steps).toEqual([0, 1, 2, 2, 3, 3, 4, 4]);
  });
  it('are all told in the legend', () => {
    expect(rangesOf('passes').map((l) => l.colour)).toEqual([...RAMP]);
    for (const { colour, from } of rangesOf('minutes')) expect(colourOf({ passes: 1, minutes: from }, 'minutes')).toBe(colour);
  });
});
