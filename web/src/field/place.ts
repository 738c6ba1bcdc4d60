/** 位置 — how far, in which direction, inside or not; for people on the way. Areas and zones that count are the engine's. */
import type { Geometry, Position } from 'geojson';

import { number } from '@/domain/format';
import { language } from '@/domain/msg';
import { lengthBetween } from '@/map/measure';

const RADIANS = Math.PI / 180;
const M_PER_DEGREE = 111_195;
const WORDS = ['北', '东北', '东', '东南', '南', '西南', '西', '西北'] as const;
const ENGLISH = ['N', 'NE', 'E', 'SE', 'S', 'SW', 'W', 'NW'] as const;

export interface LonLat { lon: number; lat: number }
const asPosition = (p: LonLat): Position => [p.lon, p.lat];

export const distanceBetween = (a: LonLat, b: LonLat): number => lengthBetween(asPosition(a), asPosition(b));
/** Direction of the way from a to b, degrees from true north. */
export function bearing(a: LonLat, b: LonLat): number {
  const [p, q, d] = [a.lat * RADIANS, b.lat * RADIANS, (b.lon - a.lon) * RADIANS];
  const angle = Math.atan2(Math.sin(d) * Math.cos(q), Math.cos(p) * Math.sin(q) - Math.sin(p) * Math.cos(q) * Math.cos(d));
  return (angle / RADIANS + 360) % 360;
}
export const directionWord = (deg: number): string => (language === 'en' ? ENGLISH : WORDS)[Math.round(deg / 45) % 8]!;
export const degrees = (deg: number): string => `${String(Math.round(deg) % 360).padStart(3, '0')}°`;
/** 230 m, 1.2 km */
export const shortDistance = (m: number): string => (m < 1000 ? `${Math.round(m)} m` : `${number(m / 1000, m < 10_000 ? 1 : 0)} km`);

type Ring = readonly Position[];
const ringsOf = (shape: Geometry): Ring[][] => (shape.type === 'Polygon' ? [shape.coordinates] : shape.type === 'MultiPolygon' ? shape.coordinates : []);

function crosses(ring: Ring, p: LonLat): boolean {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi, yi] = ring[i] as [number, number];
    const [xj, yj] = ring[j] as [number, number];
    if (yi > p.lat !== yj > p.lat && p.lon < ((xj - xi) * (p.lat - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}
export const isInside = (shape: Geometry, p: LonLat): boolean => ringsOf(shape).some(([outer, ...holes]) => outer !== undefined && crosses(outer, p) && !holes.some((h) => crosses(h, p)));

/** Metres from a place to a stretch, on the plane that touches the place: exact to centimetres over what one can walk. */
function toStretch(p: LonLat, a: Position, b: Position): number {
  const k = Math.cos(p.lat * RADIANS);
  const flat = (q: Position): [number, number] => [(q[0]! - p.lon) * k * M_PER_DEGREE, (q[1]! - p.lat) * M_PER_DEGREE];
  const [[ax, ay], [bx, by]] = [flat(a), flat(b)];
  const [dx, dy] = [bx - ax, by - ay];
  const along = dx === 0 && dy === 0 ? 0 : Math.max(0, Math.min(1, -(ax * dx + ay * dy) / (dx * dx + dy * dy)));
  return Math.hypot(ax + along * dx, ay + along * dy);
}
const toRing = (p: LonLat, ring: Ring): number => ring.slice(1).reduce((least, q, i) => Math.min(least, toStretch(p, ring[i]!, q)), Infinity);
/** Metres to the edge of an outline, whichever side one stands on. */
export const toBorder = (shape: Geometry, p: LonLat): number => ringsOf(shape).flat().reduce((least, ring) => Math.min(least, toRing(p, ring)), Infinity);

/** 0 inside, else metres to the edge; to the point where a site has no outline. */
export function distanceToSite(site: { shape?: Geometry; lon?: number; lat?: number }, p: LonLat): number | null {
  if (site.shape && ringsOf(site.shape).length > 0) return isInside(site.shape, p) ? 0 : toBorder(site.shape, p);
  return site.lon === undefined || site.lat === undefined ? null : distanceBetween(p, { lon: site.lon, lat: site.lat });
}

const OUTSIDE_SLACK_M = 30;
const POINT_SLACK_M = 100;
/** Whether a position lies outside by more than its own error allows; then a reason is asked for. */
export function isOutside(site: { shape?: Geometry; lon?: number; lat?: number }, p: LonLat & { accuracy_m?: number }, distance = distanceToSite(site, p)): boolean {
  return distance !== null && distance > (site.shape ? (p.accuracy_m ?? 0) + OUTSIDE_SLACK_M : POINT_SLACK_M);
}

export interface ZonePart { zone_kind: string; name: string; shape: Geometry }
/** The zone one stands in and how near its border is, as the pack draws it. */
export function zoneAt(zones: readonly ZonePart[], p: LonLat, accuracy_m = 0): { zone_kind: string | null; name: string; border_m: number | null } {
  const found = zones.find((z) => isInside(z.shape, p));
  const border = zones.reduce((least, z) => Math.min(least, toBorder(z.shape, p)), Infinity);
  return { zone_kind: found?.zone_kind ?? null, name: found?.name ?? '', border_m: border <= Math.max(accuracy_m, 10) ? border : null };
}
