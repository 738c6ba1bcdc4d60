import { addProtocol, type Map as MapLibre } from 'maplibre-gl';

import type { Basemap } from '@/api/wire';
import { words } from '@/domain/msg';

import { shiftedTile } from './shift';
import { hosts, tileUrl } from './tile-url';

const SIZE = 256;
export const BASEMAP = 'basemap';
const DEEPEST = 18;

const t = words({
  review: ['审图号：{n}', 'Map review number: {n}'],
  shifted: ['已纠偏', 'shifted back from GCJ-02'],
});

/** What must stand beside a source: its name, its makers, its review number, and that it was moved. */
export const creditOf = ({ name, attribution, review_number, is_gcj02 }: Basemap): string =>
  [name, attribution && attribution !== name ? attribution : '', review_number ? t('review', { n: review_number }) : '', is_gcj02 ? t('shifted') : ''].filter(Boolean).join(' · ');

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
  const drawn = await Promise.all(
    columns.flatMap((c) =>
      lines.map(async (l) => {
        const image = await picture(tileUrl(template, z, c, l), signal);
        if (image) pen.drawImage(image, Math.round((c - left) * SIZE), Math.round((l - top) * SIZE), SIZE, SIZE);
        return image !== null;
      }),
    ),
  );
  if (!drawn.includes(true)) throw new Error(`no tile at ${z}/${x}/${y}`);
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
  if (map.getLayer(BASEMAP)) map.removeLayer(BASEMAP);
  if (map.getSource(BASEMAP)) map.removeSource(BASEMAP);
  if (!basemap) return;
  if (basemap.is_gcj02) registerShift();
  const tiles = basemap.is_gcj02 ? [`gcj02://{z}/{x}/{y}/${encodeURIComponent(basemap.url)}`] : hosts(basemap.url);
  map.addSource(BASEMAP, { type: 'raster', tiles, tileSize: SIZE, maxzoom: basemap.max_zoom ?? DEEPEST, attribution: basemap.attribution ?? '' });
  const above = map.getStyle().layers.find((l) => l.id !== 'paper')?.id;
  map.addLayer({ id: BASEMAP, type: 'raster', source: BASEMAP }, above);
}
