import type { Geometry } from 'geojson';

import type { FactRow } from '@/api/wire';

export type Record_ = Record<string, unknown>;

/** 一点一档 on the wire. */
export interface Dossier {
  site_id: string;
  site_code: string;
  state: string;
  state_label: string;
  facility_name?: string | null;
  station_id?: string | null;
  focal_category?: string | null;
  focal_reason?: string | null;
  facts: FactRow[];
  shape?: Geometry | null;
  lon?: number | null;
  lat?: number | null;
  zone_shares?: unknown;
  boundary_version?: string | null;
  external_codes: string[];
  clues: Record_[];
  permits: Record_[];
  verifications: Record_[];
  carried_over: Record_[];
  determinations: Record_[];
  characterization?: Record_ | null;
  merged_into?: string | null;
  related: { site_code: string; facility_name?: string | null; why: string; distance_m?: number | null }[];
  evidence: Evidence[];
  registered_at: string;
  updated_at: string;
  version: number;
  as_of: string;
  log_size: number;
}

export interface Evidence {
  sha256: string;
  kind: string;
  file_name?: string | null;
  size_bytes?: number | null;
  note?: string | null;
  occurred_at?: string;
  exif?: { taken_at?: string; lon?: number; lat?: number; azimuth_deg?: number; device?: string } | null;
}

export interface TimelineItem {
  seq: number;
  entry_id: string;
  kind: string;
  title: string;
  actor: string;
  role_label: string;
  unit: string;
  occurred_at: string;
  recorded_at: string;
  summary: string;
  body?: unknown;
  is_withheld: boolean;
}

export interface ZoneShare { zone: string; area_m2: number; share: number }

/** Shares come as a list or by zone; the page wants lines. */
export function sharesOf(value: unknown): ZoneShare[] {
  if (!value || typeof value !== 'object') return [];
  const list = Array.isArray(value) ? value : 'parts' in value && Array.isArray(value.parts) ? value.parts : 'shares' in value && Array.isArray(value.shares) ? value.shares : [];
  const lines = (list as Record_[]).map((s) => ({ zone: String(s.zone_kind ?? s.zone ?? s.kind ?? ''), area_m2: Number(s.area_m2 ?? 0), share: Number(s.share ?? Number.NaN) }));
  const total = lines.reduce((sum, l) => sum + l.area_m2, 0);
  return lines.map((l) => ({ ...l, share: Number.isFinite(l.share) ? l.share : total > 0 ? l.area_m2 / total : 0 }));
}

export const pathOf = (code: string): string => `/sites/${encodeURIComponent(code)}`;
export const asOfQuery = (asOf: string) => ({ as_of: asOf === 'now' ? undefined : asOf });
