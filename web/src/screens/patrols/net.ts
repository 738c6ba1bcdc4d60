import type { Feature } from 'geojson';

import type { Cell } from '@/api/patrols';

type Box = Cell['bbox'];
/** More cells than this are drawn by runs where nobody was. */
const MOST_ALONE = 3000;

export const boxFeature = ([w, s, e, n]: Box, properties: Record<string, unknown>): Feature => ({ type: 'Feature', geometry: { type: 'Polygon', coordinates: [[[w, s], [e, s], [e, n], [w, n], [w, s]]] }, properties });

const placeOf = (cell: string): [number, number] => {
  const [row, column] = cell.slice(1).split('c').map(Number);
  return [row ?? 0, column ?? 0];
};

/** Boxes of what was not visited: of a large net, neighbours in a row are one box. */
export function emptyBoxes(cells: readonly Cell[], most = MOST_ALONE): Box[] {
  const empty = cells.filter((c) => c.passes === 0);
  if (cells.length <= most) return empty.map((c) => c.bbox);
  const rows = empty.map((c) => ({ place: placeOf(c.cell), box: c.bbox })).sort((a, b) => a.place[0] - b.place[0] || a.place[1] - b.place[1]);
  const boxes: Box[] = [];
  let last: [number, number] | null = null;
  for (const { place, box } of rows) {
    const open = boxes.at(-1);
    if (open && last && last[0] === place[0] && last[1] + 1 === place[1]) open[2] = box[2];
    else boxes.push([...box]);
    last = place;
  }
  return boxes;
}

/** The cell a position lies in. */
export const cellAt = (cells: readonly Cell[], lon: number, lat: number): Cell | undefined => cells.find(({ bbox: [w, s, e, n] }) => lon >= w && lon < e && lat >= s && lat < n);

/** Slanting lines for what was not visited: it is found without colours. */
export function hatch(size = 12): { width: number; height: number; data: Uint8Array } {
  const data = new Uint8Array(size * size * 4);
  for (let y = 0; y < size; y += 1) for (let x = 0; x < size; x += 1) data.set((x + y) % size === 0 ? [138, 83, 0, 200] : [217, 212, 204, 110], (y * size + x) * 4);
  return { width: size, height: size, data };
}
