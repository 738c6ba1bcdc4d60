/** 边界的环 — an outline taken apart into its rings and put together again: parts stay parts, holes stay holes. */
import type { Geometry, MultiPolygon, Polygon, Position } from 'geojson';

/** `hole` is 0 for the outer ring of a part. */
export interface Ring { part: number; hole: number; ring: Position[] }

export const isOutline = (geometry?: Geometry | null): geometry is Polygon | MultiPolygon => geometry?.type === 'Polygon' || geometry?.type === 'MultiPolygon';

export function ringsOf(outline: Polygon | MultiPolygon): Ring[] {
  const parts = outline.type === 'Polygon' ? [outline.coordinates] : outline.coordinates;
  return parts.flatMap((rings, part) => rings.map((ring, hole) => ({ part, hole, ring })));
}

/** One part is a polygon, several are a multipolygon; holes of a part that is gone go with it. */
export function outlineOf(rings: readonly Ring[]): Polygon | MultiPolygon | null {
  const outer = rings.filter((r) => r.hole === 0).sort((a, b) => a.part - b.part);
  const parts = outer.map(({ part, ring }) => {
    const holes = rings.filter((r) => r.part === part && r.hole > 0).sort((a, b) => a.hole - b.hole);
    return [ring, ...holes.map((h) => h.ring)];
  });
  if (parts.length === 0) return null;
  return parts.length === 1 ? { type: 'Polygon', coordinates: parts[0]! } : { type: 'MultiPolygon', coordinates: parts };
}
