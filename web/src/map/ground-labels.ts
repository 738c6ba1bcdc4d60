import type { FeatureCollection } from 'geojson';
import type { GeoJSONSource, Map as MapLibre } from 'maplibre-gl';

import type { LayerName } from './layers';

const ID = 'ground-labels';
const GROUND = ['zones', 'stations'] as const;

/** Names of zones and stations, each once: on tiled areas a name would stand in every tile. */
export function labelGround(map: MapLibre, visible: readonly LayerName[]): void {
  const features = new Map<string, FeatureCollection['features'][number]>();
  for (const layer of GROUND.filter((l) => visible.includes(l) && map.getSource(l))) {
    for (const { properties } of map.querySourceFeatures(layer, { sourceLayer: layer })) {
      const at = [Number(properties.lon), Number(properties.lat)];
      if (!properties.name || !at.every(Number.isFinite)) continue;
      features.set(`${layer} ${properties.id}`, { type: 'Feature', properties: { name: properties.name, layer }, geometry: { type: 'Point', coordinates: at } });
    }
  }
  const data: FeatureCollection = { type: 'FeatureCollection', features: [...features.values()] };
  const source = map.getSource(ID) as GeoJSONSource | undefined;
  const shown = JSON.stringify(data);
  if (source) {
    // An unchanged source is left alone: setting it would wake the map from its idleness for ever.
    if (drawn.get(map) !== shown) void source.setData(data);
  } else addLabels(map, data);
  drawn.set(map, shown);
}

const drawn = new WeakMap<MapLibre, string>();

function addLabels(map: MapLibre, data: FeatureCollection): void {
  map.addSource(ID, { type: 'geojson', data });
  map.addLayer({
    id: ID,
    type: 'symbol',
    source: ID,
    layout: { 'text-font': ['local'], 'text-field': ['get', 'name'], 'text-size': ['match', ['get', 'layer'], 'stations', 15, 12], 'text-max-width': 9, 'text-offset': ['match', ['get', 'layer'], 'stations', ['literal', [0, -0.9]], ['literal', [0, 0.9]]] },
    paint: { 'text-color': ['match', ['get', 'layer'], 'stations', '#4a148c', '#37474f'], 'text-halo-color': '#fff', 'text-halo-width': 1.6 },
  });
}
