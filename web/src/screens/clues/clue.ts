import type { Geometry } from 'geojson';

/** 线索 on the wire. */
export interface ClueRow {
  clue_id: string;
  batch_id: string;
  state: string;
  source_kind: string;
  received_on: string;
  is_confidential: boolean;
  external_code?: string | null;
  facility_name?: string | null;
  summary?: string | null;
  activity_type_code?: string | null;
  township?: string | null;
  station_id?: string | null;
  lon?: number | null;
  lat?: number | null;
  site_code?: string | null;
  screened_by?: string | null;
}

export interface ClueView {
  row: ClueRow;
  facts: { field: string; label: string; text: string }[];
  place: { file_name?: string; sheet?: string | null; layer?: string | null; row?: number | null; feature?: number | null };
  shape?: Geometry | null;
  log_size: number;
}

/** The clue's row with what its page adds. */
export type Clue = ClueRow & Omit<ClueView, 'row'>;

/** File, sheet and row a clue came from. */
export const placeOf = ({ file_name, sheet, layer, row, feature }: ClueView['place']): string =>
  [file_name, sheet ?? layer, row ?? feature].filter((part) => part !== undefined && part !== null && part !== '').join(' · ');

/** What a clue is called: its facility, else its number, else how it begins. */
export const nameOf = (clue: ClueRow): string => clue.facility_name || clue.external_code || clue.summary || clue.clue_id.slice(0, 8);

export interface Match {
  site_code: string;
  facility_name?: string | null;
  score: number;
  reasons: { code: string; text: string }[];
  distance_m?: number | null;
  overlap_share?: number | null;
  shape?: Geometry | null;
}

const DAY = 86_400_000;
/** Days since a clue came in, as of a day. */
export const ageInDays = (received_on: string, now: number): number => Math.max(0, Math.floor((now - Date.parse(received_on)) / DAY));
