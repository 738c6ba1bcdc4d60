/** Shapes of patrols on the wire, by their nouns: as the server's OpenAPI document has them, sharpened where it says only "object". */
import type { Geometry, LineString, MultiLineString, MultiPolygon } from 'geojson';

import type { components } from './schema';
import type { With } from './wire';

type Schemas = components['schemas'];

export type Plausible = 'none' | 'low' | 'medium' | 'high' | 'unjudged';
export type PatrolRow = With<Schemas['PatrolRow'], { plausibility: Plausible }>;
export type PatrolTotals = Schemas['PatrolTotals'];
export type PatrolList = With<Schemas['PatrolList'], { items: PatrolRow[] }>;
export type Doubt = With<Schemas['DoubtView'], { grade: Exclude<Plausible, 'none' | 'unjudged'> }>;
export type TrackGap = With<Schemas['GapView'], { ends: [[number, number], [number, number]] }>;
export type Track = With<Schemas['TrackView'], { segments: With<Schemas['SegmentView'], { shape: Geometry }>[]; gaps: TrackGap[]; drifts: [number, number][]; plausibility: Doubt[] }>;
/** A finding as the patrol states it (`domain::patrol`), with its words. */
export type Finding = Schemas['PatrolFindingView'] & { kind: string; at: string; lon?: number; lat?: number; note?: string; severity?: string; action?: string; clue_id?: string };
export type PatrolView = With<
  Schemas['PatrolView'],
  { row: PatrolRow; content_items: { number: number; text: string; result?: string }[]; findings: Finding[]; tracks: Track[]; plausibility: Doubt[]; route_shape?: Geometry | null }
>;
export type CoverageCount = Schemas['CoverageCount'];
export type Cell = With<Schemas['CellView'], { bbox: [number, number, number, number] }>;
export type CoveredSite = Schemas['PlaceView'];
export type CoveredRoute = With<Schemas['RouteView'], { unwalked?: MultiLineString | null; shape: LineString | MultiLineString }>;
export type Coverage = With<Schemas['CoverageView'], { cell_list: Cell[]; route_list: CoveredRoute[]; tracks?: MultiLineString | null; territory: MultiPolygon }>;
export type StationMonth = Schemas['StationMonth'];
export type PatrolStatistics = Schemas['PatrolStatistics'];
export type KeyPoint = With<Schemas['KeyPointView'], { point: { site_id?: string; name?: string; lon: number; lat: number; reason?: string } }>;
export type PlanRound = With<Schemas['PlannedRoundView'], { key_points: KeyPoint[] }>;
export type PatrolPlan = With<Schemas['PatrolPlanView'], { rounds: PlanRound[] }>;
export type OffRoute = With<Schemas['OffRouteView'], { key_point: KeyPoint }>;
export type PatrolProposal = With<Schemas['PatrolProposalView'], { rounds: PlanRound[]; off_route: OffRoute[] }>;
