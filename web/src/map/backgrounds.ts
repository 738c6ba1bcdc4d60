import type { ExpressionSpecification, LayerSpecification, Map as MapLibre } from 'maplibre-gl';

import { address } from '@/api/client';
import type { Background } from '@/api/wire';
import { words } from '@/domain/msg';

import { BASEMAP } from './basemap';

/** 底图图层 — the office's own layers, quiet under everything else. */
const PREFIX = 'background-';

const t = words({
  review: ['审图号：{n}', 'Map review number: {n}'],
});

/** What must stand beside a layer wherever it is shown: its name, its makers, its review number. */
export const creditOfBackground = ({ name, data_source, review_number }: Pick<Background, 'name' | 'data_source' | 'review_number'>): string =>
  [name, data_source === name ? '' : data_source, review_number ? t('review', { n: review_number }) : ''].filter(Boolean).join(' · ');

interface Style { colour: string; width: number; dash?: number[]; fill?: string; labelsFrom: number }

const STYLES: Record<string, Style> = {
  land_survey: { colour: '#c4bba8', width: 0.6, labelsFrom: 14 },
  compartments: { colour: '#93ad95', width: 0.7, labelsFrom: 13 },
  rivers: { colour: '#6fa3cc', width: 1.3, fill: '#cfe3f1', labelsFrom: 10 },
  roads: { colour: '#b79b78', width: 1.4, labelsFrom: 11 },
  boundary_lines: { colour: '#94719a', width: 1.2, dash: [6, 2, 1, 2], labelsFrom: 7 },
  other: { colour: '#8f979c', width: 1, labelsFrom: 12 },
  places: { colour: '#5d666d', width: 0.8, labelsFrom: 8 },
};

/** The colour a kind is drawn in, for the list of layers. */
export const backgroundColour = (kind: string): string => (STYLES[kind] ?? STYLES.other!).colour;

const is = (type: string): ExpressionSpecification => ['==', ['geometry-type'], type];

function specs({ code, kind }: Background): LayerSpecification[] {
  const source = PREFIX + code;
  const { colour, width, dash, fill, labelsFrom } = STYLES[kind] ?? STYLES.other!;
  const from = { source, 'source-layer': 'background' } as const;
  const layout = { 'text-font': ['local'], 'text-field': ['get', 'label'], 'text-size': 11.5, 'text-max-width': 8, 'text-optional': true } as unknown as Record<string, unknown>;
  const paint = { 'text-color': colour, 'text-halo-color': '#fff', 'text-halo-width': 1.4 };
  const label = (id: string, more: object, own: object) => ({ id: `${source}-${id}`, type: 'symbol', ...from, minzoom: labelsFrom, layout: { ...layout, ...own }, paint, ...more }) as unknown as LayerSpecification;
  return [
    ...(fill ? [{ id: `${source}-fill`, type: 'fill', ...from, filter: is('Polygon'), paint: { 'fill-color': fill, 'fill-opacity': 0.7 } } as LayerSpecification] : []),
    { id: `${source}-line`, type: 'line', ...from, filter: ['!=', ['geometry-type'], 'Point'], paint: { 'line-color': colour, 'line-width': width, ...(dash ? { 'line-dasharray': dash } : {}) } },
    { id: `${source}-point`, type: 'circle', ...from, filter: is('Point'), minzoom: labelsFrom, paint: { 'circle-radius': 2, 'circle-color': '#fff', 'circle-stroke-color': colour, 'circle-stroke-width': 1.2 } },
    label('along', { filter: is('LineString') }, { 'symbol-placement': 'line', 'symbol-spacing': 400 }),
    label('at', { filter: is('Point') }, { 'text-offset': [0, 0.7], 'text-anchor': 'top' }),
    label('in', { 'source-layer': 'background_labels' }, {}),
  ];
}

function add(map: MapLibre, layer: Background, above: string | undefined): void {
  const source = PREFIX + layer.code;
  const path = `${location.origin}${address(`/backgrounds/${encodeURIComponent(layer.code)}`)}`;
  if (layer.is_picture) {
    const [west, south, east, north] = layer.bbox as [number, number, number, number];
    map.addSource(source, { type: 'image', url: `${path}/picture`, coordinates: [[west, north], [east, north], [east, south], [west, south]] });
    map.addLayer({ id: `${source}-picture`, type: 'raster', source, paint: { 'raster-opacity': 0.45, 'raster-fade-duration': 0 } }, above);
    return;
  }
  map.addSource(source, { type: 'vector', tiles: [`${path}/tiles/{z}/{x}/{y}.mvt`], minzoom: 0, maxzoom: 16 });
  for (const spec of specs(layer)) map.addLayer(spec, above);
}

function remove(map: MapLibre): void {
  const style = map.getStyle();
  for (const { id } of style.layers) if (id.startsWith(PREFIX)) map.removeLayer(id);
  for (const id of Object.keys(style.sources)) if (id.startsWith(PREFIX)) map.removeSource(id);
}

const drawn = new WeakMap<MapLibre, string>();

/** Draws these layers, in their order from below, under everything the register draws and over an online source. */
export function showBackgrounds(map: MapLibre, layers: readonly Background[]): void {
  const wanted = layers.map((l) => `${l.code} ${l.drawn_sha256}`).join('\n');
  if ((drawn.get(map) ?? '') === wanted) return;
  drawn.set(map, wanted);
  remove(map);
  const above = map.getStyle().layers.find((l) => l.id !== 'paper' && l.id !== BASEMAP)?.id;
  for (const layer of layers) add(map, layer, above);
}
