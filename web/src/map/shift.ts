import gcoord from 'gcoord';

/** Where the upper left corner of a web Mercator tile lies, in degrees. */
export function corner(z: number, x: number, y: number): [number, number] {
  const n = 2 ** z;
  return [(x / n) * 360 - 180, (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / n))) * 180) / Math.PI];
}

/** Web Mercator tile numbers, with fractions, of a place. */
export function tileAt(z: number, lon: number, lat: number): [number, number] {
  const n = 2 ** z;
  const sin = Math.sin((lat * Math.PI) / 180);
  return [((lon + 180) / 360) * n, (0.5 - Math.atanh(sin) / (2 * Math.PI)) * n];
}

/** Where the ground of a tile stands in the tiles of a source drawn in GCJ-02: numbers with fractions. */
export function shiftedTile(z: number, x: number, y: number): [number, number] {
  const [lon, lat] = gcoord.transform(corner(z, x, y), gcoord.WGS84, gcoord.GCJ02) as [number, number];
  return tileAt(z, lon, lat);
}
