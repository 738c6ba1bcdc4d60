import type { FeatureCollection } from 'geojson';
import type { GeoJSONSource, LayerSpecification, Map as MapLibre } from 'maplibre-gl';

type Drawn = LayerSpecification extends infer L ? (L extends { source: string } ? Omit<L, 'source' | 'id'> & { id: string } : never) : never;

/** Draws a collection under an id, by the layers given; called again, it shows the new one. */
export function draw(on: MapLibre, id: string, data: FeatureCollection, layers: readonly Drawn[]): void {
  const source = on.getSource(id) as GeoJSONSource | undefined;
  if (source) {
    void source.setData(data);
    return;
  }
  on.addSource(id, { type: 'geojson', data });
  for (const layer of layers) on.addLayer({ ...layer, source: id } as LayerSpecification);
}

export const collection = (features: FeatureCollection['features']): FeatureCollection => ({ type: 'FeatureCollection', features });
