/** Shapes of patrols on the wire, by their nouns: as the server's OpenAPI document has them. */
import type { Geometry, LineString, MultiLineString, MultiPolygon } from 'geojson';

export interface PatrolRow {
  patrol_id: string; station_id: string; station_label: string; kind: string; kind_label: string; route_id: string | null; route_name: string | null; on: string; started_at: string; ended_at: string; hours: number;
  leader: string; head_count: number; modes: string[]; modes_label: string; length_m: number; has_track: boolean; gap_min: number; findings: number; clues: number; conclusion: string; conclusion_label: string; summary: string;
  plausibility: Plausible; plausibility_label: string; review: string | null; review_label: string; basis: string | null; lon: number | null; lat: number | null;
}
export type Plausible = 'none' | 'low' | 'medium' | 'high' | 'unjudged';
export interface PatrolTotals { patrols: number; person_times: number; hours: number; length_m: number; findings: number; clues: number; unreviewed: number; doubtful: number }
export interface PatrolList { total: number; totals: PatrolTotals; items: PatrolRow[]; next_cursor: string | null; log_size: number }
export interface Doubt { code: string; grade: Exclude<Plausible, 'none' | 'unjudged'>; grade_label: string; text: string }
export interface TrackGap { from_at: string | null; to_at: string | null; minutes: number; distance_m: number; why: string; why_label: string; ends: [[number, number], [number, number]] }
export interface Track {
  track_id: string; format: string; recorded_by: string | null; subject: string | null; sha256: string; started_at: string | null; ended_at: string | null; fixes_read: number; fixes_distinct: number; fixes_refused: number;
  length_m: number; moving_s: number; gap_s: number; segments: { started_at: string | null; ended_at: string | null; length_m: number; shape: Geometry }[]; gaps: TrackGap[]; drifts: [number, number][]; plausibility: Doubt[];
}
export interface Finding { kind: string; kind_label: string; at: string; lon?: number; lat?: number; note?: string; severity?: string; action?: string; clue_code: string | null; site_code: string | null }
export interface PatrolView {
  row: PatrolRow; sheet_entry: string; sheets: number; plan_month: string | null; members: string[]; units: string[]; weather: string | null; wind: string | null; temperature_c: number | null; altitude_start_m: number | null; altitude_max_m: number | null;
  tools: string[]; vehicles: string[]; content_items: { number: number; text: string; result?: string }[]; findings: Finding[]; tracks: Track[]; plausibility: Doubt[]; is_unjudged: boolean;
  reviews: { at: string; result: string; result_label: string; reason: string | null; is_of_current: boolean }[]; evidence: { sha256: string; file_name: string; media_type: string }[]; unreviewed: boolean; may_review: boolean; may_record: boolean; route_shape: Geometry | null;
}
export interface CoverageCount { total: number; visited: number; percent: number | null }
export interface Cell { cell: string; passes: number; minutes: number; metres: number; last_on: string | null; days_since: number | null; bbox: [number, number, number, number] }
export interface CoveredSite { site_code: string; name: string | null; state: string; state_label: string; is_unfinished: boolean; lon: number; lat: number; passes: number; verified_on: string | null; is_seen: boolean; last_on: string | null }
export interface CoveredRoute { route_id: string; name: string; station_id: string | null; length_m: number; walked_m: number; percent: number; passes: number; last_on: string | null; unwalked: MultiLineString | null; shape: LineString | MultiLineString }
export interface Coverage {
  station_id: string | null; station_label: string | null; from: string; to: string; cell_m: number; near_site_m: number; near_route_m: number; patrols: number; without_track: number; log_size: number;
  cells: CoverageCount; sites: CoverageCount; unfinished_sites: CoverageCount; routes: CoverageCount; cell_list: Cell[]; site_list: CoveredSite[]; route_list: CoveredRoute[]; zone_list: { zone_id: string; name: string; metres: number; percent: number }[];
  tracks: MultiLineString | null; territory: MultiPolygon;
}
export interface StationMonth {
  station_id: string | null; station_label: string; patrols: number; patrols_before: number; by_kind: Record<string, number>; by_mode: Record<string, number>; person_times: number; hours: number; km: number; km_before: number; with_track: number;
  findings: Record<string, number>; clues: number; clues_confirmed: number; planned: number; planned_done: number; abnormal: number; reviewed: number; doubtful: number; cells: CoverageCount; routes: CoverageCount; unfinished_sites: CoverageCount;
}
export interface PatrolStatistics { month: string; month_before: string; log_size: number; rows: StationMonth[] }
export interface KeyPoint { point: { site_id?: string; name?: string; lon: number; lat: number; reason?: string }; site_code: string | null; name: string; reason_label: string; passed_on: string | null }
export interface PlanRound { route_id: string | null; route_name: string | null; route_m: number | null; kind: string; kind_label: string; times: number; posts: string[]; on: string | null; key_points: KeyPoint[]; done: number; by_week: number[] }
export interface PatrolPlan {
  station_id: string; station_label: string; month: string; version: number; adopted_at: string | null; note: string | null; rounds: PlanRound[]; planned: number; done: number; unplanned: number;
  posts: { post: string; planned: number; done: number }[]; unfinished: CoverageCount; unfinished_days: number; unplanned_routes: string[]; may_plan: boolean; log_size: number;
}
export interface OffRoute { key_point: KeyPoint; nearest_route_id: string | null; nearest_route_name: string | null; distance_m: number | null; text: string }
export interface PatrolProposal { station_id: string; station_label: string; month: string; rounds: PlanRound[]; off_route: OffRoute[]; unfinished: number; without_position: string[]; off_route_m: number; log_size: number }
