import type { MultiPolygon, Position } from 'geojson';
import { describe, expect, it } from 'vitest';

import { outlineOf, ringsOf } from './rings';
import { catchOn, pathsOf } from './snap';

const square = (x: number, y: number, size: number): Position[] => [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]];

describe('an outline of several parts', () => {
  const outline: MultiPolygon = { type: 'MultiPolygon', coordinates: [[square(0, 0, 10), square(2, 2, 2), square(6, 6, 2)], [square(20, 0, 5)]] };

  it('is the same after it was taken apart and put together', () => {
    expect(outlineOf(ringsOf(outline))).toEqual(outline);
    expect(outlineOf(ringsOf(outline).reverse())).toEqual(outline);
  });
  it('becomes a polygon when one part is left, with the holes of that part alone', () => {
    const left = ringsOf(outline).filter((r) => !(r.part === 1 && r.hole === 0));
    expect(outlineOf(left)).toEqual({ type: 'Polygon', coordinates: outline.coordinates[0] });
    expect(outlineOf(ringsOf(outline).filter((r) => r.part !== 0 || r.hole > 0))).toEqual({ type: 'Polygon', coordinates: outline.coordinates[1] });
  });
  it('is nothing without an outer ring', () => {
    expect(outlineOf([])).toBeNull();
  });
});

describe('catching', () => {
  const paths = pathsOf({ type: 'Polygon', coordinates: [square(0, 0, 100)] });
  const plain = (lon: number, lat: number) => ({ x: lon, y: lat });

  it('takes a corner before an edge, an edge before nothing', () => {
    expect(catchOn(paths, { x: 4, y: 1 }, plain, 12)).toEqual([0, 0]);
    expect(catchOn(paths, { x: 50, y: 7 }, plain, 12)).toEqual([50, 0]);
    expect(catchOn(paths, { x: 50, y: 50 }, plain, 12)).toBeUndefined();
  });
  it('takes the nearest of several corners', () => {
    expect(catchOn([[[0, 0]], [[8, 0]]], { x: 6, y: 0 }, plain, 12)).toEqual([8, 0]);
  });
});
