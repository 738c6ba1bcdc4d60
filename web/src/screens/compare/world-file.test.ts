import { describe, expect, it } from 'vitest';

import { asBounds, boundsOf, isWorldFile } from './world-file';

describe('world files', () => {
  it('give the outer edges of the picture, not the centres of its pixels', () => {
    expect(boundsOf('0.01\n0\n0\n-0.01\n106.005\n35.995\n', 100, 50)).toEqual([106, 35.5, 107, 36]);
  });
  it('are refused when turned, planar or broken', () => {
    expect(boundsOf('0.01 0.1 0 -0.01 106 36', 10, 10)).toBeNull();
    expect(boundsOf('1 0 0 -1 36500000 3900000', 100, 100)).toBeNull();
    expect(boundsOf('nonsense', 10, 10)).toBeNull();
    expect(asBounds([107, 35, 106, 36])).toBeNull();
  });
  it('are known by their names', () => {
    expect(['a.jgw', 'b.PGW', 'c.wld', 'd.png'].map(isWorldFile)).toEqual([true, true, true, false]);
  });
});
