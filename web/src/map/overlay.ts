import type { FeatureCollection, Geometry } from 'geojson';
import type { GeoJSONSource, Map as MapLibre } from 'maplibre-gl';

const asCollection = (shape: FeatureCollection | Geometry | null): FeatureCollection => {
  if (!shape) return { type: 'FeatureCollection', features: [] };
  if (shape.type === 'FeatureCollection') return shape;
  return { type: 'FeatureCollection', features: [{ type: 'Feature', properties: {}, geometry: shape }] };
};

/** Draws a few shapes that are not tiles: the outline of one site, a clue beside it, the rows of an import. */
export function showShapes(map: MapLibre, id: string, shape: FeatureCollection | Geometry | null, colour: string, isDashed = false): void {
  const data = asCollection(shape);
  const source = map.getSource(id) as GeoJSONSource | undefined;
  if (source) {
    source.setData(data);
    return;
  }
  map.addSource(id, { type: 'geojson', data });
  map.addLayer({ id: `${id}-fill`, type: 'fill', source: id, filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': colour, 'fill-opacity': isDashed ? 0.08 : 0.25 } });
  map.addLayer({ id: `${id}-line`, type: 'line', source: id, paint: { 'line-color': colour, 'line-width': 2, ...(isDashed ? { 'line-dasharray': [2, 2] } : {}) } });
  map.addLayer({ id: `${id}-point`, type: 'circle', source: id, filter: ['==', ['geometry-type'], 'Point'], paint: { 'circle-radius': 6, 'circle-color': colour, 'circle-stroke-color': '#fff', 'circle-stroke-width': 2 } });
}
