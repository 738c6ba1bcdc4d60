import type { Geometry, Polygon } from 'geojson';
import type { Map as MapLibre } from 'maplibre-gl';
import {
  TerraDraw,
  TerraDrawLineStringMode,
  TerraDrawModeUndoRedo,
  TerraDrawPolygonMode,
  TerraDrawSelectMode,
  TerraDrawSessionUndoRedo,
  TerraDrawUndoRedoKeyboardShortcuts,
  ValidateNotSelfIntersecting,
} from 'terra-draw';
import { TerraDrawMapLibreGLAdapter } from 'terra-draw-maplibre-gl-adapter';

export type DrawMode = 'polygon' | 'linestring' | 'select';

/** 绘制 — one outline at a time: draw, move corners, undo; corners and edges catch on what is drawn. */
export class Sketch {
  private readonly draw: TerraDraw;

  constructor(map: MapLibre, private readonly onChange: (geometry: Geometry | null) => void) {
    const snapping = { toCoordinate: true, toLine: true };
    const closedOnly = (feature: Parameters<typeof ValidateNotSelfIntersecting>[0], context: { updateType: string }) =>
      context.updateType === 'finish' || context.updateType === 'commit' ? ValidateNotSelfIntersecting(feature) : { valid: true };
    const feature = { draggable: true, coordinates: { midpoints: true, draggable: true, deletable: true, snappable: snapping } };
    this.draw = new TerraDraw({
      adapter: new TerraDrawMapLibreGLAdapter({ map }),
      modes: [
        new TerraDrawPolygonMode({ snapping, validation: closedOnly, showCoordinatePoints: true }),
        new TerraDrawLineStringMode({ snapping }),
        new TerraDrawSelectMode({ flags: { polygon: { feature }, linestring: { feature } } }),
      ],
      undoRedo: {
        modeLevel: new TerraDrawModeUndoRedo(),
        sessionLevel: new TerraDrawSessionUndoRedo(),
        keyboardShortcuts: new TerraDrawUndoRedoKeyboardShortcuts(),
      },
    });
    this.draw.start();
    this.draw.on('change', () => this.onChange(this.geometry()));
    this.draw.on('finish', () => this.onChange(this.geometry()));
  }

  start(mode: DrawMode): void {
    if (mode !== 'select') this.draw.clear();
    this.draw.setMode(mode);
  }

  /** Puts an existing outline on the table and opens it for editing. */
  edit(polygon: Polygon): void {
    this.draw.clear();
    const rounded = polygon.coordinates.map((ring) => ring.map(([lon, lat]) => [Number(lon!.toFixed(9)), Number(lat!.toFixed(9))]));
    const [added] = this.draw.addFeatures([
      { type: 'Feature', geometry: { type: 'Polygon', coordinates: rounded }, properties: { mode: 'polygon' } },
    ]);
    this.draw.setMode('select');
    if (added?.id !== undefined && added.valid) this.draw.selectFeature(added.id);
  }

  /** The outline as drawn so far, without guidance points. */
  geometry(): Geometry | null {
    const drawn = this.draw.getSnapshot().filter((f) => f.geometry.type === 'Polygon' || f.geometry.type === 'LineString');
    return drawn.at(-1)?.geometry ?? null;
  }

  undo(): void {
    this.draw.undo();
    this.onChange(this.geometry());
  }

  redo(): void {
    this.draw.redo();
    this.onChange(this.geometry());
  }

  clear(): void {
    this.draw.clear();
    this.onChange(null);
  }

  stop(): void {
    this.draw.stop();
  }
}
