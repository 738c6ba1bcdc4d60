import { Map as MapLibre, NavigationControl, ScaleControl, setWorkerUrl, type MapOptions, type StyleSpecification } from 'maplibre-gl';
import 'maplibre-gl/dist/maplibre-gl.css';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';

import { language } from '@/domain/msg';

let prepared: Promise<void> | undefined;

/**
 * Hands the map its worker. A worker from a file lives under the policy that came with the file, and files of ours may
 * fetch nothing; one from a blob lives under the page's own policy, which lets it fetch tiles of this origin alone.
 */
export const prepareWorker = (): Promise<void> =>
  (prepared ??= fetch(workerUrl)
    .then((response) => response.text())
    .then((script) => setWorkerUrl(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })))));

/** Fonts of the machine: no glyph server, no font file. */
export const FONTS = 'system-ui, "PingFang SC", "HarmonyOS Sans SC", "Microsoft YaHei", "Source Han Sans SC", "Noto Sans CJK SC", sans-serif';

const BLANK: StyleSpecification = {
  version: 8,
  sources: {},
  layers: [{ id: 'paper', type: 'background', paint: { 'background-color': '#f5f4ee' } }],
};

const LOCALE = {
  'NavigationControl.ZoomIn': '放大',
  'NavigationControl.ZoomOut': '缩小',
  'NavigationControl.ResetBearing': '转回正北',
  'Map.Title': '地图',
  'ScaleControl.Meters': '米',
  'ScaleControl.Kilometers': '公里',
};

/** A map on a blank sheet; works without any network. */
export function createMap(container: HTMLElement, bbox: number[], options: Partial<MapOptions> = {}): MapLibre {
  const map = new MapLibre({
    container,
    style: BLANK,
    bounds: bbox as [number, number, number, number],
    fitBoundsOptions: { padding: 30 },
    localIdeographFontFamily: FONTS,
    attributionControl: false,
    maxZoom: 19,
    dragRotate: false,
    pitchWithRotate: false,
    ...(language === 'en' ? {} : { locale: LOCALE }),
    ...options,
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
  map.addControl(new ScaleControl({ maxWidth: 120 }), 'bottom-left');
  return map;
}

/** Waits until layers may be added. */
export const whenReady = (map: MapLibre): Promise<void> =>
  map.isStyleLoaded() ? Promise.resolve() : new Promise((resolve) => void map.once('load', () => resolve()));
