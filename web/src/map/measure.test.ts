import { describe, expect, it } from 'vitest';

import { areaOf, boundsOf, lengthBetween, ringArea } from './measure';

// Expected values by GeographicLib (pyproj.Geod with a = 6378137, rf = 298.257222101).
describe('geodesic measuring', () => {
  it('measures a line as GeographicLib does', () => {
    expect(lengthBetween([106.5, 35.5], [106.6, 35.6])).toBeCloseTo(14328.874515, 5);
    expect(lengthBetween([106.5, 35.5], [106.5, 35.5])).toBe(0);
  });

  it('measures an area as GeographicLib does for small outlines', () => {
    const ring = [[106.5, 35.5], [106.501, 35.5], [106.501, 35.501], [106.5, 35.501], [106.5, 35.5]];
    expect(ringArea(ring)).toBeCloseTo(10066.342590, 5);
  });

  it('does not depend on the direction of a ring and takes holes away', () => {
    const outer = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]].map(([x, y]) => [106 + x! / 100, 35 + y! / 100]);
    const hole = outer.map(([x, y]) => [106.0025 + (x! - 106) / 2, 35.0025 + (y! - 35) / 2]);
    expect(ringArea([...outer].reverse())).toBeCloseTo(ringArea(outer), 6);
    expect(areaOf({ type: 'Polygon', coordinates: [outer, hole] })).toBeCloseTo(ringArea(outer) - ringArea(hole), 6);
  });

  it('finds the bounds of any geometry', () => {
    expect(boundsOf({ type: 'MultiPoint', coordinates: [[106, 35], [107, 34]] })).toEqual([106, 34, 107, 35]);
  });
});
