import { describe, expect, it } from 'vitest';

import { lengthBetween } from './measure';
import { corner, shiftedTile, tileAt } from './shift';
import { hosts, tileUrl } from './tile-url';

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

describe('the shift of GCJ-02', () => {
  // A place in Beijing in both systems, to the metre: guards against another direction or another formula.
  it('is applied from the ground to the map', () => {
    const [x, y] = tileAt(18, 116.397428, 39.90923);
    const [lon, lat] = corner(18, ...shiftedTile(18, x, y));
    expect(lengthBetween([lon, lat], [116.403672, 39.910632])).toBeLessThan(2);
  });
  it('differs by less than a pixel between neighbouring tiles, so that pieces fit together', () => {
    const at = (x: number, y: number) => shiftedTile(16, x, y).map((n, i) => n - [x, y][i]!);
    const [here, there] = [at(52_160, 25_868), at(52_161, 25_868)];
    expect(Math.abs(here[0]! - there[0]!) * 256).toBeLessThan(1);
    expect(Math.abs(here[1]! - there[1]!) * 256).toBeLessThan(1);
  });
});

describe('addresses of tiles', () => {
  it('take WMTS key-value pairs as well as XYZ', () => {
    expect(tileUrl('https://t{s}.example/w?TILEMATRIX={z}&TILECOL={x}&TILEROW={y}', 10, 5, 6)).toBe('https://t3.example/w?TILEMATRIX=10&TILECOL=5&TILEROW=6');
  });
  it('name four hosts where the template asks for hosts, else one', () => {
    expect(hosts('https://t{s}.example/{z}/{x}/{y}')).toHaveLength(4);
    expect(hosts('https://example/{z}/{x}/{y}')).toEqual(['https://example/{z}/{x}/{y}']);
  });
});
