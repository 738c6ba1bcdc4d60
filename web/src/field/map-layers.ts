/** 离线图 — the pack as layers of the map, from below: relief, the office's ground, zones and territory, routes, patches, sites. */
import type { Feature, FeatureCollection, Geometry } from 'geojson';
import type { ExpressionSpecification, Map as MapLibre } from 'maplibre-gl';

import type { FieldSite, PatrolRoute } from '@/api/field';
import { stateSymbol, zoneColour } from '@/domain/symbols';
import { backgroundColour, creditOfBackground } from '@/map/backgrounds';
import { symbolImage } from '@/map/symbol-images';
import type { PackParts } from '@/offline/pack';

export interface Drawn { sites: readonly FieldSite[]; zones: PackParts['zones'] | null; routes: readonly PatrolRoute[]; ground: PackParts['ground'] | null; relief: PackParts['relief'] | null }
export const EMPTY: FeatureCollection = { type: 'FeatureCollection', features: [] };
export const feature = (geometry: Geometry, properties: Record<string, unknown> = {}): Feature => ({ type: 'Feature', geometry, properties });
export const collection = (features: Feature[]): FeatureCollection => ({ type: 'FeatureCollection', features });
/** Kinds of the office's layers that cover ground, as the desk fills them. */
const FILLED = new Set(['rivers']);
const TEXT = { 'text-font': ['local'], 'text-size': 14, 'text-optional': true } as const;
const HALO = { 'text-halo-color': '#fff', 'text-halo-width': 2 } as const;
const OWN = '#14522c';
const CLUE = '#a3330a';

/** What must stand beside the ground wherever it is shown: makers and review numbers. */
export const creditsOf = ({ ground, relief }: Pick<Drawn, 'ground' | 'relief'>): string =>
  [...new Set([...(ground?.layers ?? []), ...(relief?.items ?? [])].map(creditOfBackground))].join('；') || (ground?.review_number ?? '');

const is = (type: string): ExpressionSpecification => ['==', ['geometry-type'], type];
const data = (m: MapLibre, id: string, features: Feature[]): void => void m.addSource(id, { type: 'geojson', data: collection(features) });

/** A shade of the ground; drawn from bytes on the phone, because the page's policy lets the map fetch no address but the register's. */
async function layRelief(m: MapLibre, id: string, { bbox, media_type, base64 }: PackParts['relief']['items'][number]): Promise<void> {
  const image = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], { type: media_type }));
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext('2d')!.drawImage(image, 0, 0);
  image.close();
  const [w, s, e, n] = bbox;
  m.addSource(id, { type: 'canvas', canvas, animate: false, coordinates: [[w, n], [e, n], [e, s], [w, s]] });
  m.addLayer({ id, type: 'raster', source: id, paint: { 'raster-opacity': 0.45, 'raster-fade-duration': 0 } }, 'ground-fill');
}
function layGround(m: MapLibre, { ground, relief }: Drawn): void {
  data(m, 'ground', (ground?.items ?? []).map((g) => feature(g.shape, { colour: backgroundColour(g.kind), fill: FILLED.has(g.kind), name: g.name ?? '' })));
  data(m, 'ground-names', (ground?.labels ?? []).map((l) => feature({ type: 'Point', coordinates: [l.lon, l.lat] }, { name: l.text })));
  m.addLayer({ id: 'ground-fill', type: 'fill', source: 'ground', filter: ['all', is('Polygon'), ['get', 'fill']], paint: { 'fill-color': '#cfe3f1', 'fill-opacity': 0.7 } });
  for (const [i, item] of (relief?.items ?? []).entries()) layRelief(m, `ground-relief-${i}`, item).catch((problem) => console.warn(problem));
  m.addLayer({ id: 'ground', type: 'line', source: 'ground', filter: ['!=', ['geometry-type'], 'Point'], paint: { 'line-color': ['get', 'colour'], 'line-width': 2 } });
  m.addLayer({ id: 'ground-along', type: 'symbol', source: 'ground', filter: is('LineString'), minzoom: 11, layout: { ...TEXT, 'text-font': ['local'], 'text-field': ['get', 'name'], 'symbol-placement': 'line' }, paint: { ...HALO, 'text-color': ['get', 'colour'] } });
}
function layNames(m: MapLibre): void {
  m.addLayer({ id: 'ground-names', type: 'symbol', source: 'ground-names', layout: { ...TEXT, 'text-font': ['local'], 'text-field': ['get', 'name'] }, paint: { ...HALO, 'text-color': '#3d464e' } });
}

/** Lays all of it; `zones`, `routes`, `sites`, `ground` begin the names of what one switch shows and hides. */
export function lay(m: MapLibre, drawn: Drawn): void {
  const { sites, zones, routes } = drawn;
  layGround(m, drawn);
  data(m, 'zones', (zones?.items ?? []).map((z) => feature(z.shape, { colour: zoneColour(z.zone_kind) })));
  data(m, 'stations', (zones?.stations ?? []).map((s) => feature(s.shape)));
  data(m, 'routes', routes.map((r) => feature(r.shape, { name: r.name })));
  data(m, 'outlines', sites.flatMap((s) => (s.shape ? [feature(s.shape, { colour: stateSymbol(s.state).colour })] : [])));
  data(m, 'clues', sites.flatMap((s) => (s.clue_shapes ?? []).map((shape) => feature(shape))));
  data(m, 'sites', sites.filter((s) => s.lon !== undefined).map((s) => feature({ type: 'Point', coordinates: [s.lon!, s.lat!] }, { id: s.site_id, image: symbolImage(m, stateSymbol(s.state)), name: String(s.facts.facility_name ?? s.site_code) })));
  for (const id of ['track', 'ring', 'way', 'here', 'error']) m.addSource(id, { type: 'geojson', data: EMPTY });
  m.addLayer({ id: 'zones', type: 'fill', source: 'zones', paint: { 'fill-color': ['get', 'colour'], 'fill-opacity': 0.14 } });
  m.addLayer({ id: 'zones-line', type: 'line', source: 'zones', paint: { 'line-color': ['get', 'colour'], 'line-width': 2.5 } });
  m.addLayer({ id: 'zones-station', type: 'line', source: 'stations', paint: { 'line-color': OWN, 'line-width': 3, 'line-dasharray': [4, 2, 1, 2] } });
  m.addLayer({ id: 'routes', type: 'line', source: 'routes', paint: { 'line-color': '#0a4480', 'line-width': 3, 'line-dasharray': [3, 2] } });
  m.addLayer({ id: 'routes-name', type: 'symbol', source: 'routes', minzoom: 12, layout: { ...TEXT, 'text-font': ['local'], 'text-field': ['get', 'name'], 'symbol-placement': 'line' }, paint: { ...HALO, 'text-color': '#0a4480' } });
  m.addLayer({ id: 'sites-clue', type: 'line', source: 'clues', paint: { 'line-color': CLUE, 'line-width': 2, 'line-dasharray': [2, 1.5] } });
  m.addLayer({ id: 'sites-outline', type: 'line', source: 'outlines', paint: { 'line-color': ['get', 'colour'], 'line-width': 3 } });
  m.addLayer({ id: 'track', type: 'line', source: 'track', paint: { 'line-color': '#14191d', 'line-width': 4 } });
  m.addLayer({ id: 'way', type: 'line', source: 'way', paint: { 'line-color': '#8f1b14', 'line-width': 3, 'line-dasharray': [2, 2] } });
  m.addLayer({ id: 'ring-fill', type: 'fill', source: 'ring', paint: { 'fill-color': '#d40000', 'fill-opacity': 0.15 } });
  m.addLayer({ id: 'ring', type: 'line', source: 'ring', paint: { 'line-color': '#d40000', 'line-width': 4 } });
  layNames(m);
  m.addLayer({ id: 'sites', type: 'symbol', source: 'sites', layout: { 'icon-image': ['get', 'image'], 'icon-size': 1.5, 'icon-allow-overlap': true, 'text-font': ['local'], 'text-field': ['get', 'name'], 'text-size': 16, 'text-offset': [0, 1.1], 'text-anchor': 'top', 'text-optional': true }, paint: { ...HALO, 'text-color': '#14191d' } });
  m.addLayer({ id: 'error', type: 'fill', source: 'error', paint: { 'fill-color': '#0a4480', 'fill-opacity': 0.18 } });
  m.addLayer({ id: 'here', type: 'circle', source: 'here', paint: { 'circle-radius': 9, 'circle-color': '#0a4480', 'circle-stroke-color': '#fff', 'circle-stroke-width': 3 } });
}
