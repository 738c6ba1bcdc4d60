/** 吸附 — where a corner catches on lines nearby, measured on the screen. */
import type { Geometry, Position } from 'geojson';

type Pixel = { x: number; y: number };

/** Every line of a geometry: the rings of areas, lines as they are, points as lines of one corner. */
export function pathsOf(geometry: Geometry): Position[][] {
  switch (geometry.type) {
    case 'Point': return [[geometry.coordinates]];
    case 'LineString': return [geometry.coordinates];
    case 'MultiLineString':
    case 'Polygon': return geometry.coordinates;
    case 'MultiPolygon': return geometry.coordinates.flat();
    default: return [];
  }
}

const apart = (a: Pixel, b: Pixel): number => Math.hypot(a.x - b.x, a.y - b.y);

/** How far along an edge its nearest place to a pixel lies, from 0 to 1. */
function along(a: Pixel, b: Pixel, p: Pixel): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  return length === 0 ? 0 : Math.min(1, Math.max(0, ((p.x - a.x) * dx + (p.y - a.y) * dy) / length));
}

/** The corner within reach, else the nearest place of an edge within reach. */
export function catchOn(paths: readonly Position[][], pointer: Pixel, project: (lon: number, lat: number) => Pixel, reach: number): Position | undefined {
  let corner: { at: Position; distance: number } | undefined;
  let edge: { at: Position; distance: number } | undefined;
  for (const path of paths) {
    let before: { at: Position; pixel: Pixel } | undefined;
    for (const at of path) {
      const pixel = project(at[0]!, at[1]!);
      const distance = apart(pixel, pointer);
      if (distance <= reach && distance < (corner?.distance ?? Infinity)) corner = { at, distance };
      if (before) {
        const share = along(before.pixel, pixel, pointer);
        const spot = { x: before.pixel.x + share * (pixel.x - before.pixel.x), y: before.pixel.y + share * (pixel.y - before.pixel.y) };
        const off = apart(spot, pointer);
        if (off <= reach && off < (edge?.distance ?? Infinity)) edge = { at: between(before.at, at, share), distance: off };
      }
      before = { at, pixel };
    }
  }
  return corner?.at ?? edge?.at;
}

const between = (a: Position, b: Position, share: number): Position => [a[0]! + share * (b[0]! - a[0]!), a[1]! + share * (b[1]! - a[1]!)];
