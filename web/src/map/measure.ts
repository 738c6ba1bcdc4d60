/** Geodesic length and area on the CGCS2000 ellipsoid. */
import type { Geometry, Position } from 'geojson';

const A = 6_378_137;
const F = 1 / 298.257222101;
const B = A * (1 - F);
const E2 = F * (2 - F);
const E = Math.sqrt(E2);
const RADIANS = Math.PI / 180;

/** Geodesic between two places by Vincenty's inverse formula, in metres. */
export function lengthBetween(p: Position, q: Position): number {
  const u1 = Math.atan((1 - F) * Math.tan(p[1]! * RADIANS));
  const u2 = Math.atan((1 - F) * Math.tan(q[1]! * RADIANS));
  const l = (q[0]! - p[0]!) * RADIANS;
  let lambda = l;
  for (let i = 0; i < 100; i++) {
    const sin = Math.hypot(
      Math.cos(u2) * Math.sin(lambda),
      Math.cos(u1) * Math.sin(u2) - Math.sin(u1) * Math.cos(u2) * Math.cos(lambda),
    );
    if (sin === 0) return 0;
    const cos = Math.sin(u1) * Math.sin(u2) + Math.cos(u1) * Math.cos(u2) * Math.cos(lambda);
    const sigma = Math.atan2(sin, cos);
    const alpha = (Math.cos(u1) * Math.cos(u2) * Math.sin(lambda)) / sin;
    const cos2 = 1 - alpha * alpha;
    const mid = cos2 === 0 ? 0 : cos - (2 * Math.sin(u1) * Math.sin(u2)) / cos2;
    const c = (F / 16) * cos2 * (4 + F * (4 - 3 * cos2));
    const next = l + (1 - c) * F * alpha * (sigma + c * sin * (mid + c * cos * (2 * mid * mid - 1)));
    if (Math.abs(next - lambda) < 1e-12) return alongMeridianArc(sigma, sin, cos, mid, cos2);
    lambda = next;
  }
  return Number.NaN;
}

function alongMeridianArc(sigma: number, sin: number, cos: number, mid: number, cos2: number): number {
  const u = (cos2 * (A * A - B * B)) / (B * B);
  const k = 1 + (u / 16384) * (4096 + u * (-768 + u * (320 - 175 * u)));
  const n = (u / 1024) * (256 + u * (-128 + u * (74 - 47 * u)));
  const inner = cos * (2 * mid * mid - 1) - (n / 6) * mid * (4 * sin * sin - 3) * (4 * mid * mid - 3);
  return B * k * (sigma - n * sin * (mid + (n / 4) * inner));
}

/** Height on the cylinder that keeps areas, per radian of longitude, in square metres. */
function authalic(lat: number): number {
  const s = Math.sin(lat * RADIANS);
  return (B * B * (s / (1 - E2 * s * s) + Math.atanh(E * s) / E)) / 2;
}

/** Area of a ring whose edges are straight in longitude and latitude, as files draw them. */
export function ringArea(ring: readonly Position[]): number {
  let sum = 0;
  for (let i = 0; i < ring.length; i++) {
    const p = ring[i]!;
    const q = ring[(i + 1) % ring.length]!;
    sum += stripArea(p, q);
  }
  return Math.abs(sum);
}

/** Area under one edge by Simpson's rule; edges of metres to kilometres need no more. */
function stripArea(p: Position, q: Position): number {
  const middle = authalic((p[1]! + q[1]!) / 2);
  const mean = (authalic(p[1]!) + 4 * middle + authalic(q[1]!)) / 6;
  return (q[0]! - p[0]!) * RADIANS * mean;
}

const polygonArea = (rings: readonly Position[][]): number =>
  rings.reduce((sum, ring, i) => sum + (i === 0 ? 1 : -1) * ringArea(ring), 0);

export function areaOf(geometry: Geometry): number {
  if (geometry.type === 'Polygon') return polygonArea(geometry.coordinates);
  if (geometry.type === 'MultiPolygon') return geometry.coordinates.reduce((sum, p) => sum + polygonArea(p), 0);
  return 0;
}

const pathLength = (path: readonly Position[]): number =>
  path.slice(1).reduce((sum, q, i) => sum + lengthBetween(path[i]!, q), 0);

export function lengthOf(geometry: Geometry): number {
  if (geometry.type === 'LineString') return pathLength(geometry.coordinates);
  if (geometry.type === 'Polygon') return geometry.coordinates.reduce((sum, r) => sum + pathLength(r), 0);
  if (geometry.type === 'MultiPolygon') return geometry.coordinates.flat().reduce((sum, r) => sum + pathLength(r), 0);
  return 0;
}

/** West, south, east, north of a geometry. */
export function boundsOf(geometry: Geometry): [number, number, number, number] {
  const box: [number, number, number, number] = [180, 90, -180, -90];
  const visit = (part: unknown): void => {
    if (!Array.isArray(part)) return;
    if (typeof part[0] !== 'number') return part.forEach(visit);
    const [lon, lat] = part as number[];
    box[0] = Math.min(box[0], lon!);
    box[1] = Math.min(box[1], lat!);
    box[2] = Math.max(box[2], lon!);
    box[3] = Math.max(box[3], lat!);
  };
  if (geometry.type === 'GeometryCollection') geometry.geometries.forEach((g) => 'coordinates' in g && visit(g.coordinates));
  else visit(geometry.coordinates);
  return box;
}
