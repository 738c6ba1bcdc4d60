import type { ExpressionSpecification, LayerSpecification, Map as MapLibre } from 'maplibre-gl';

import { address, type Query } from '@/api/client';
import type { Config } from '@/api/wire';
import { severitySymbol, stateSymbol, turnSymbol, zoneColour, type Symbol } from '@/domain/symbols';

import { symbolImage } from './symbol-images';

/** 图层 — the layers of the register, drawn in this order from below. */
export const LAYERS = ['zones', 'stations', 'routes', 'patches', 'clues', 'sites'] as const;
export type LayerName = (typeof LAYERS)[number];

/** What the colour and shape of a site say. */
export type Theme = 'state' | 'severity' | 'activity';

export interface LegendRow { code: string; label: string; symbol: Symbol }

/** The rows of the legend for a theme. */
export function legendOf(config: Config, theme: Theme): LegendRow[] {
  if (theme === 'state') return config.states.filter((s) => s.counts).map((s) => ({ ...s, symbol: stateSymbol(s.code) }));
  if (theme === 'severity') return (config.lists.severity ?? []).map((s) => ({ ...s, symbol: severitySymbol(s.code) }));
  return (config.lists.activity ?? []).map((s, i) => ({ ...s, symbol: turnSymbol(i) }));
}

export const THEME_FIELD: Record<Theme, string> = { state: 'state', severity: 'severity', activity: 'activity' };

/** Address of a layer's tiles; conditions and the as-of day are part of it. */
export const tilesOf = (layer: LayerName, query: Query): string =>
  `${location.origin}${address(`/tiles/${layer}`).replace(/$/, '')}/{z}/{x}/{y}.mvt${search(query)}`;

function search(query: Query): string {
  const text = address('', query);
  return text.includes('?') ? text.slice(text.indexOf('?')) : '';
}

const LABEL = { 'text-font': ['local'], 'text-max-width': 9, 'text-optional': true } as const;
const HALO = { 'text-halo-color': '#fff', 'text-halo-width': 1.6 } as const;
const isCluster: ExpressionSpecification = ['>', ['coalesce', ['get', 'count'], 1], 1];
const isPoint: ExpressionSpecification = ['==', ['geometry-type'], 'Point'];
const isArea: ExpressionSpecification = ['==', ['geometry-type'], 'Polygon'];

const zoneFill = (): ExpressionSpecification =>
  ['match', ['get', 'kind'], ...['core', 'buffer', 'experimental', 'core_protection', 'general_control', 'outer_belt'].flatMap((k) => [k, zoneColour(k)]), zoneColour('')] as unknown as ExpressionSpecification;

function specs(layer: LayerName): LayerSpecification[] {
  const from = { source: layer, 'source-layer': layer } as const;
  switch (layer) {
    case 'zones':
      return [
        { id: 'zones-fill', type: 'fill', ...from, filter: isArea, paint: { 'fill-color': zoneFill(), 'fill-opacity': 0.13 } },
        { id: 'zones-line', type: 'line', ...from, filter: isArea, paint: { 'line-color': zoneFill(), 'line-width': 1.4 } },
      ];
    case 'stations':
      return [
        { id: 'stations-line', type: 'line', ...from, filter: isArea, paint: { 'line-color': '#4a148c', 'line-width': 1.6, 'line-dasharray': [4, 2] } },
      ];
    case 'routes':
      return [{ id: 'routes-line', type: 'line', ...from, paint: { 'line-color': '#795548', 'line-width': 1.4, 'line-dasharray': [1, 2] } }];
    case 'patches':
      return [
        { id: 'patches-fill', type: 'fill', ...from, filter: isArea, paint: { 'fill-color': '#b3261e', 'fill-opacity': 0.18 } },
        { id: 'patches-line', type: 'line', ...from, filter: isArea, paint: { 'line-color': '#b3261e', 'line-width': 1.5 } },
      ];
    case 'clues':
      return [
        { id: 'clues-point', type: 'circle', ...from, filter: isPoint, paint: { 'circle-radius': ['case', isCluster, 11, 5], 'circle-color': '#fff', 'circle-stroke-color': '#0b5cad', 'circle-stroke-width': 2 } },
        { id: 'clues-label', type: 'symbol', ...from, filter: ['all', isPoint, isCluster] as ExpressionSpecification, layout: { ...LABEL, 'text-font': ['local'], 'text-field': ['to-string', ['get', 'count']], 'text-size': 11, 'text-allow-overlap': true }, paint: { 'text-color': '#0b5cad' } },
      ];
    case 'sites':
      return siteSpecs(from);
  }
}

function siteSpecs(source: { source: string; 'source-layer': string }): LayerSpecification[] {
  const from = { ...source, 'source-layer': 'site_points' };
  const single: ExpressionSpecification = ['all', isPoint, ['!', isCluster]] as ExpressionSpecification;
  const cluster: ExpressionSpecification = ['all', isPoint, isCluster] as ExpressionSpecification;
  return [
    { id: 'sites-area', type: 'fill', ...source, filter: isArea, paint: { 'fill-color': '#8a5300', 'fill-opacity': 0.2 } },
    { id: 'sites-edge', type: 'line', ...source, filter: isArea, paint: { 'line-color': '#8a5300', 'line-width': 1.4 } },
    { id: 'sites-cluster', type: 'circle', ...from, filter: cluster, paint: { 'circle-radius': ['interpolate', ['linear'], ['get', 'count'], 2, 9, 100, 13, 10000, 16], 'circle-color': '#fff', 'circle-stroke-color': '#1c2329', 'circle-stroke-width': 1.6 } },
    { id: 'sites-count', type: 'symbol', ...from, filter: cluster, layout: { 'text-font': ['local'], 'text-field': ['to-string', ['get', 'count']], 'text-size': ['step', ['get', 'count'], 12, 100, 10], 'text-allow-overlap': true }, paint: { 'text-color': '#1c2329' } },
    { id: 'sites-chosen', type: 'circle', ...from, filter: ['==', ['get', 'site_code'], ''], paint: { 'circle-radius': 15, 'circle-color': '#f2c94c', 'circle-opacity': 0.7, 'circle-stroke-color': '#7a3b00', 'circle-stroke-width': 2 } },
    { id: 'sites-point', type: 'symbol', ...from, filter: single, layout: { 'icon-image': '', 'icon-allow-overlap': true, 'text-font': ['local'], 'text-field': ['step', ['zoom'], '', 13, ['coalesce', ['get', 'name'], ['get', 'site_code']]], 'text-size': 12, 'text-offset': [0, 1.1], 'text-anchor': 'top', 'text-optional': true, 'text-max-width': 9 }, paint: { 'text-color': '#1c2329', ...HALO } },
  ];
}

export const layerIds = (layer: LayerName): string[] => specs(layer).map((s) => s.id);

/** Adds a layer of the register, or points it to other tiles. */
export function showLayer(map: MapLibre, layer: LayerName, query: Query): void {
  const tiles = [tilesOf(layer, query)];
  const source = map.getSource(layer);
  if (source && 'setTiles' in source) {
    (source as { setTiles(t: string[]): void }).setTiles(tiles);
    return;
  }
  map.addSource(layer, { type: 'vector', tiles, minzoom: 0, maxzoom: 16 });
  for (const spec of specs(layer)) map.addLayer(spec);
}

export function setVisible(map: MapLibre, layer: LayerName, isVisible: boolean): void {
  for (const id of layerIds(layer)) {
    if (map.getLayer(id)) map.setLayoutProperty(id, 'visibility', isVisible ? 'visible' : 'none');
  }
}

/** Draws sites by state, severity or activity type. */
export function setTheme(map: MapLibre, theme: Theme, rows: readonly LegendRow[]): void {
  const other = symbolImage(map, stateSymbol(''));
  const cases = rows.flatMap((r) => [r.code, symbolImage(map, r.symbol)]);
  const image = cases.length === 0 ? other : ['match', ['coalesce', ['get', THEME_FIELD[theme]], ''], ...cases, other];
  map.setLayoutProperty('sites-point', 'icon-image', image as ExpressionSpecification);
}

export const markChosen = (map: MapLibre, siteCode: string): void => {
  if (map.getLayer('sites-chosen')) map.setFilter('sites-chosen', ['==', ['get', 'site_code'], siteCode]);
};
