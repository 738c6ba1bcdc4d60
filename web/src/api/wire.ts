/** Shapes on the wire, by their nouns. */
import type { Feature, FeatureCollection, Geometry } from 'geojson';

export interface Label { code: string; label: string }

export interface Post {
  post_id: number;
  role: string;
  role_label: string;
  station_id?: string | null;
  station_name?: string | null;
  is_held?: boolean;
  from_on?: string;
  to_on?: string | null;
}

export interface Me {
  person_id: string;
  login: string;
  name: string;
  post: Post | null;
  posts: Post[];
  actions: string[];
  must_change_password: boolean;
  has_totp: boolean;
  csrf_token: string;
  reserve: { code: string; name: string; bbox: number[] | null; centre: number[] | null };
  campaign: { id: string; name: string; year: number };
  is_demonstration: boolean;
  language?: string;
}

export interface Config {
  states: { code: string; label: string; counts: boolean }[];
  stations: { id: string; name: string; code?: string; area_lead?: string | null; area_lead_label?: string | null }[];
  zones: { code: string; label: string; colour: string }[];
  lists: Record<string, Label[]>;
  ledgers: { view: string; label: string; title: string }[];
  sources: Label[];
  milestones: { id: string; name: string; from_on?: string | null; due_on: string; text: string; duty: string[]; ledgers: string[] }[];
  roles: Label[];
  actions: Label[];
  import_kinds: Label[];
  entry_kinds: Label[];
  fields: Label[];
  clue_states: Label[];
  basemaps: Basemap[];
}

export interface Basemap {
  id: string;
  name: string;
  url: string;
  attribution?: string;
  is_gcj02?: boolean;
}

export interface Page<T> { total: number; items: T[]; as_of: string; log_size: number }

export interface SiteRow {
  site_id: string;
  site_code: string;
  facility_name?: string | null;
  state: string;
  station_id?: string | null;
  zone_kind?: string | null;
  activity_type_code?: string | null;
  area_m2?: number | null;
  lon?: number | null;
  lat?: number | null;
  is_focal: boolean;
  focal_category?: string | null;
  has_issue: string;
  sources: string[];
  verdict?: string | null;
  severity?: string | null;
  updated_at: string;
  finding_count: number;
}

export interface Provenance { entry_id: string; seq: number; occurred_at: string; weight?: number; basis_text: string }
export interface FactRow {
  field: string;
  label: string;
  value: unknown;
  text: string;
  unit?: string | null;
  provenance: Provenance | null;
  others: { text: string; provenance: Provenance }[];
}

export type { Feature, FeatureCollection, Geometry };
