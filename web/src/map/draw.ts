import type { Geometry, MultiPolygon, Polygon, Position } from 'geojson';
import type { Map as MapLibre } from 'maplibre-gl';
import {
  TerraDraw,
  TerraDrawLineStringMode,
  TerraDrawModeUndoRedo,
  TerraDrawPointMode,
  TerraDrawPolygonMode,
  TerraDrawSelectMode,
  TerraDrawSessionUndoRedo,
  ValidateNotSelfIntersecting,
} from 'terra-draw';
import { TerraDrawMapLibreGLAdapter } from 'terra-draw-maplibre-gl-adapter';

import type { Neighbours } from './neighbours';
import { outlineOf, ringsOf, type Ring } from './rings';

export type DrawMode = 'polygon' | 'linestring' | 'point' | 'select';
type Id = string | number;

/** The library refuses more digits; these are tenths of a millimetre. */
const round = ([lon, lat]: Position): Position => [Number(lon!.toFixed(9)), Number(lat!.toFixed(9))];

/** 绘制 — a line, a place, or an outline with all its parts and holes: draw, move corners, undo; corners catch on what is near. */
export class Sketch {
  private readonly draw: TerraDraw;
  private mode: DrawMode = 'select';
  private chosen: Id | undefined;
  /** Steps that stood before the first change; undoing them would take the outline off the table. */
  private floor = 0;
  private steps = 0;

  constructor(map: MapLibre, private readonly onChange: (geometry: Geometry | null) => void, private readonly neighbours?: Neighbours) {
    const toCustom = (event: { lng: number; lat: number }) => this.neighbours?.catch(event.lng, event.lat);
    const snapping = { toCoordinate: true, toLine: true, toCustom };
    const closedOnly = (feature: Parameters<typeof ValidateNotSelfIntersecting>[0], context: { updateType: string }) =>
      context.updateType === 'finish' || context.updateType === 'commit' ? ValidateNotSelfIntersecting(feature) : { valid: true };
    const feature = { draggable: true, coordinates: { midpoints: true, draggable: true, deletable: true, snappable: snapping } };
    // Holes are shown as paper, so that they are seen for what they are.
    const fill = ({ properties }: { properties: Record<string, unknown> }) => (Number(properties.hole) > 0 ? '#f5f4ee' : '#3f97e0');
    const opacity = ({ properties }: { properties: Record<string, unknown> }) => (Number(properties.hole) > 0 ? 0.9 : 0.3);
    this.draw = new TerraDraw({
      adapter: new TerraDrawMapLibreGLAdapter({ map }),
      modes: [
        new TerraDrawPolygonMode({ snapping, validation: closedOnly, showCoordinatePoints: true, styles: { fillColor: fill, fillOpacity: opacity } }),
        new TerraDrawLineStringMode({ snapping }),
        new TerraDrawPointMode({ styles: { pointColor: '#b3261e', pointWidth: 7 } }),
        new TerraDrawSelectMode({ flags: { polygon: { feature }, linestring: { feature } }, styles: { selectedPolygonColor: fill, selectedPolygonFillOpacity: opacity } }),
      ],
      undoRedo: { modeLevel: new TerraDrawModeUndoRedo(), sessionLevel: new TerraDrawSessionUndoRedo() },
    });
    this.draw.start();
    this.draw.on('change', () => this.onChange(this.geometry()));
    this.draw.on('finish', (id) => this.finished(id));
    this.draw.on('select', (id) => (this.chosen = id));
    this.draw.on('deselect', () => (this.chosen = undefined));
    this.draw.on('history', (event) => (this.steps = event.undoSize));
    addEventListener('keydown', this.pressed);
  }

  private readonly pressed = (event: KeyboardEvent): void => {
    if (!(event.ctrlKey || event.metaKey) || (event.target instanceof HTMLElement && /INPUT|TEXTAREA/.test(event.target.tagName))) return;
    if (event.key === 'z' && !event.shiftKey) this.undo();
    else if (event.key === 'y' || event.key === 'Z') this.redo();
  };

  /** Starts anew; only `select` keeps what is there. */
  start(mode: DrawMode): void {
    if (mode !== 'select') this.draw.clear();
    this.enter(mode);
  }

  private enter(mode: DrawMode): void {
    this.mode = mode;
    this.draw.setMode(mode);
  }

  /** Draws one more part beside those that are there. */
  addPart(): void {
    this.enter('polygon');
  }

  /** Puts an existing outline on the table, every ring of it, and opens the first for editing. */
  edit(outline: Polygon | MultiPolygon): void {
    this.draw.clear();
    const rings = ringsOf(outline);
    const added = this.draw.addFeatures(
      rings.map(({ part, hole, ring }) => ({ type: 'Feature', geometry: { type: 'Polygon', coordinates: [ring.map(round)] }, properties: { mode: 'polygon', part, hole } })),
    );
    this.floor = this.steps;
    this.enter('select');
    const first = added.find((a) => a.valid && a.id !== undefined);
    if (first?.id !== undefined) this.draw.selectFeature(first.id);
  }

  /** Puts one place on the table instead of what is there. */
  place(at: Position): void {
    this.start('point');
    this.draw.addFeatures([{ type: 'Feature', geometry: { type: 'Point', coordinates: round(at) }, properties: { mode: 'point' } }]);
    this.onChange(this.geometry());
  }

  /** Takes the chosen part away. */
  removeChosen(): void {
    const id = this.chosen;
    if (id === undefined || !this.draw.hasFeature(id)) return;
    this.draw.deselectFeature(id);
    this.draw.removeFeatures([id]);
    this.onChange(this.geometry());
  }

  private finished(id: Id): void {
    this.neighbours?.mark();
    if (this.mode === 'point') {
      const earlier = this.draw.getSnapshot().filter((f) => f.geometry.type === 'Point' && f.properties.mode === 'point' && f.id !== id);
      this.draw.removeFeatures(earlier.flatMap((f) => (f.id === undefined ? [] : [f.id])));
    }
    this.onChange(this.geometry());
  }

  /** What is drawn so far, without guidance points. */
  geometry(): Geometry | null {
    const drawn = this.draw.getSnapshot();
    if (this.mode === 'point') return drawn.filter((f) => f.properties.mode === 'point').at(-1)?.geometry ?? null;
    const line = drawn.filter((f) => f.geometry.type === 'LineString').at(-1);
    if (this.mode === 'linestring') return line?.geometry ?? null;
    const polygons = drawn.filter((f) => f.geometry.type === 'Polygon');
    const rings = polygons.map((f, i): Ring => {
      const { part, hole } = f.properties;
      const [ring] = f.geometry.coordinates as Position[][];
      // What was drawn here has no number yet: each is a part of its own.
      return { part: typeof part === 'number' ? part : polygons.length + i, hole: typeof hole === 'number' ? hole : 0, ring: ring! };
    });
    return outlineOf(rings);
  }

  undo(): void {
    this.step(() => (this.draw.getModeState() === 'drawing' || this.steps > this.floor) && this.draw.undo());
  }

  redo(): void {
    this.step(() => this.draw.redo());
  }

  /** A ring that was put back as it had been is chosen again, so that one may go on. */
  private step(act: () => boolean): void {
    const id = this.chosen;
    if (!act()) return;
    if (this.mode === 'select' && id !== undefined && this.draw.hasFeature(id)) this.draw.selectFeature(id);
    this.onChange(this.geometry());
  }

  clear(): void {
    this.draw.clear();
    this.onChange(null);
  }

  stop(): void {
    removeEventListener('keydown', this.pressed);
    this.draw.stop();
    this.neighbours?.remove();
  }
}
