import { addProtocol, type Map as MapLibre } from 'maplibre-gl';

import type { Basemap } from '@/api/wire';

import { shiftedTile } from './shift';

const SIZE = 256;
const ID = 'basemap';

const fill = (url: string, z: number, x: number, y: number): string =>
  url.replace('{z}', String(z)).replace('{x}', String(x)).replace('{y}', String(y)).replace('{s}', String(Math.abs(x + y) % 4));

async function picture(url: string, signal: AbortSignal): Promise<ImageBitmap | null> {
  const response = await fetch(url, { signal });
  return response.ok ? createImageBitmap(await response.blob()) : null;
}

/** A tile put together from up to four tiles of a source that is drawn in GCJ-02. */
async function composed(template: string, z: number, x: number, y: number, signal: AbortSignal): Promise<ArrayBuffer> {
  const [left, top] = shiftedTile(z, x, y);
  const canvas = new OffscreenCanvas(SIZE, SIZE);
  const pen = canvas.getContext('2d');
  if (!pen) throw new Error('no 2D canvas');
  const columns = [Math.floor(left), Math.floor(left) + 1];
  const lines = [Math.floor(top), Math.floor(top) + 1];
  await Promise.all(
    columns.flatMap((c) =>
      lines.map(async (l) => {
        const image = await picture(fill(template, z, c, l), signal);
        if (image) pen.drawImage(image, Math.round((c - left) * SIZE), Math.round((l - top) * SIZE), SIZE, SIZE);
      }),
    ),
  );
  return (await canvas.convertToBlob()).arrayBuffer();
}

let isRegistered = false;
function registerShift(): void {
  if (isRegistered) return;
  isRegistered = true;
  addProtocol('gcj02', async (request, abort) => {
    const [, z, x, y, template] = /^gcj02:\/\/(\d+)\/(\d+)\/(\d+)\/(.*)$/.exec(request.url) ?? [];
    return { data: await composed(decodeURIComponent(template ?? ''), Number(z), Number(x), Number(y), abort.signal) };
  });
}

/** Lays an online source under everything else, or takes it away. */
export function showBasemap(map: MapLibre, basemap: Basemap | null): void {
  if (map.getLayer(ID)) map.removeLayer(ID);
  if (map.getSource(ID)) map.removeSource(ID);
  if (!basemap) return;
  if (basemap.is_gcj02) registerShift();
  const url = basemap.is_gcj02 ? `gcj02://{z}/{x}/{y}/${encodeURIComponent(basemap.url)}` : basemap.url;
  map.addSource(ID, { type: 'raster', tiles: [url], tileSize: SIZE, attribution: basemap.attribution ?? '' });
  const above = map.getStyle().layers.find((l) => l.id !== 'paper')?.id;
  map.addLayer({ id: ID, type: 'raster', source: ID }, above);
}
