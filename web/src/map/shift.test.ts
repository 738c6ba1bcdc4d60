import { describe, expect, it } from 'vitest';

import { lengthBetween } from './measure';
import { corner, shiftedTile, tileAt } from './shift';

describe('tiles of a shifted source', () => {
  it('are numbered back to the corner they came from', () => {
    const [x, y] = tileAt(15, ...corner(15, 26_080, 12_934));
    expect(x).toBeCloseTo(26_080, 6);
    expect(y).toBeCloseTo(12_934, 6);
  });
  it('stand some hundred metres east of the ground in Gansu, as the shift is there', () => {
    const [x, y] = [26_080, 12_934];
    const there = corner(15, ...shiftedTile(15, x, y));
    const moved = lengthBetween(corner(15, x, y), there);
    expect(moved).toBeGreaterThan(200);
    expect(moved).toBeLessThan(900);
    expect(there[0]).toBeGreaterThan(corner(15, x, y)[0]);
  });
  it('are not moved outside China', () => {
    const [x, y] = shiftedTile(10, 100, 400);
    expect([x, y].map((v) => Math.round(v * 1e6) / 1e6)).toEqual([100, 400]);
  });
});
