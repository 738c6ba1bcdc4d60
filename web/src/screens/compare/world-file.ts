/** Where a picture lies on the ground. */
export type Bounds = [west: number, south: number, east: number, north: number];

/** Bounds by a world file's six lines (x scale, rotations, y scale, centre of the upper left pixel); only unrotated degrees are read. */
export function boundsOf(worldFile: string, width: number, height: number): Bounds | null {
  const n = worldFile.trim().split(/\s+/).map(Number);
  const [dx, ry, rx, dy, x, y] = n;
  if (n.length < 6 || n.some((v) => !Number.isFinite(v)) || ry !== 0 || rx !== 0) return null;
  const west = x! - dx! / 2;
  const north = y! - dy! / 2;
  return asBounds([west, north + dy! * height, west + dx! * width, north]);
}

/** Four numbers as bounds in degrees, or nothing if they cannot be. */
export function asBounds(n: readonly number[]): Bounds | null {
  const [west, south, east, north] = n;
  const fits = n.length === 4 && n.every(Number.isFinite) && west! < east! && south! < north! && Math.abs(west!) <= 180 && Math.abs(east!) <= 180 && Math.abs(north!) <= 85 && Math.abs(south!) <= 85;
  return fits ? [west!, south!, east!, north!] : null;
}

export const isWorldFile = (name: string): boolean => /\.(pgw|pngw|jgw|jpgw|wld|tfw)$/i.test(name);
