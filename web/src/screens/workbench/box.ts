/** The box around places, with a margin; none where nothing has a place. */
const MARGIN_DEGREES = 0.005;

export function boxOf(places: readonly { lon?: number | null; lat?: number | null }[]): [number, number, number, number] | null {
  const known = places.flatMap((p) => (p.lon && p.lat ? [[p.lon, p.lat] as const] : []));
  if (known.length === 0) return null;
  const [lons, lats] = [known.map((k) => k[0]), known.map((k) => k[1])];
  return [Math.min(...lons) - MARGIN_DEGREES, Math.min(...lats) - MARGIN_DEGREES, Math.max(...lons) + MARGIN_DEGREES, Math.max(...lats) + MARGIN_DEGREES];
}
