import type { Feature, FeatureCollection, Position } from 'geojson';
import type { GeoJSONSource, Map as MapLibre } from 'maplibre-gl';

import { showShapes } from './overlay';
import { catchOn, pathsOf } from './snap';

const GROUND = ['zones', 'stations'] as const;
const LINES = 'neighbours';
const MARK = 'caught';
/** Pixels within which a corner catches. */
const REACH = 12;
const MOST = 500;

/** Outlines as they are registered: those in tiles are cut at the edges of tiles, which nothing should catch on. */
async function outlines(collection: string, bbox?: string): Promise<Feature[]> {
  const search = new URLSearchParams({ limit: String(MOST), ...(bbox ? { bbox } : {}) });
  const response = await fetch(`/ogc/collections/${collection}/items?${search.toString()}`, { credentials: 'same-origin' });
  return response.ok ? ((await response.json()) as FeatureCollection).features : [];
}

/** 相邻边界 — zones, territories and the other sites of the window, for corners to catch on. */
export class Neighbours {
  private ground: Position[][] = [];
  private sites: Position[][] = [];
  private readonly moved = () => void this.look();

  constructor(private readonly map: MapLibre, private readonly exceptSite: string) {}

  async load(): Promise<void> {
    const found = await Promise.all(GROUND.map((layer) => outlines(layer)));
    this.ground = found.flat().flatMap((f) => (f.geometry ? pathsOf(f.geometry) : []));
    this.map.on('moveend', this.moved);
    await this.look();
  }

  private async look(): Promise<void> {
    const b = this.map.getBounds();
    const found = await outlines('sites', [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()].map((n) => n.toFixed(6)).join(','));
    this.sites = found.filter((f) => f.id !== this.exceptSite && f.geometry).flatMap((f) => pathsOf(f.geometry));
    this.draw();
  }

  /** Thin lines show what there is to catch on, also where its layer is switched off. */
  private draw(): void {
    if (!this.map.style) return;
    const data: FeatureCollection = { type: 'FeatureCollection', features: [...this.ground, ...this.sites].filter((p) => p.length > 1).map((coordinates) => ({ type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates } })) };
    const source = this.map.getSource(LINES) as GeoJSONSource | undefined;
    if (source) {
      void source.setData(data);
      return;
    }
    this.map.addSource(LINES, { type: 'geojson', data });
    this.map.addLayer({ id: LINES, type: 'line', source: LINES, paint: { 'line-color': '#55606a', 'line-width': 1 } });
  }

  /** Where a corner at the pointer would catch; the place is marked, or the mark taken away. */
  catch(lon: number, lat: number): Position | undefined {
    const at = catchOn([...this.sites, ...this.ground], this.map.project([lon, lat]), (x, y) => this.map.project([x, y]), REACH);
    this.mark(at);
    return at;
  }

  mark(at?: Position): void {
    showShapes(this.map, MARK, at ? { type: 'Point', coordinates: at } : null, '#ad1457');
    const layer = `${MARK}-point`;
    if (at) this.map.moveLayer(layer);
  }

  remove(): void {
    this.map.off('moveend', this.moved);
    for (const id of [LINES, `${MARK}-fill`, `${MARK}-line`, `${MARK}-point`]) if (this.map.getLayer(id)) this.map.removeLayer(id);
    for (const id of [LINES, MARK]) if (this.map.getSource(id)) this.map.removeSource(id);
  }
}
