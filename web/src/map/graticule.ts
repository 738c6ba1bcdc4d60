import type { FeatureCollection } from 'geojson';

const STEPS = [10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];

/** Lines of longitude and latitude for a window, about six across, with their names. */
export function graticule(west: number, south: number, east: number, north: number): FeatureCollection {
  const step = STEPS.find((s) => (east - west) / s >= 4) ?? 0.001;
  const features: FeatureCollection['features'] = [];
  const line = (coordinates: number[][], label: string) =>
    features.push({ type: 'Feature', properties: { label }, geometry: { type: 'LineString', coordinates } });
  const digits = Math.max(0, Math.ceil(-Math.log10(step)));
  for (let lon = Math.ceil(west / step) * step; lon <= east; lon += step) {
    line([[lon, south], [lon, north]], `${lon.toFixed(digits)}°E`);
  }
  for (let lat = Math.ceil(south / step) * step; lat <= north; lat += step) {
    line([[west, lat], [east, lat]], `${lat.toFixed(digits)}°N`);
  }
  return { type: 'FeatureCollection', features };
}
