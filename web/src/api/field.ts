/** Shapes of the phone's own addresses (`/api/v1/field`), written by hand: the service worker reads them too. */
import type { Geometry } from 'geojson';

export interface FieldMe { person_id: string; name: string; post: string; role: string; unit: string; station_ids: string[] }
export interface FieldRegister { name: string; verifier_key: string; rescue_key: string; reserve_code: string }
export interface Storage { quota: number; usage: number; is_persisted: boolean; is_installed: boolean }
export interface Enrolled { device_id: string; token: string; token_expires_on: string; me: FieldMe; register: FieldRegister; server_time: string }

export interface Receipt {
  id?: string; seq: number; version: number; recorded_at: string; leaf_hash: string; entry_sha256: string; log_size: number; root_hash: string; note: string;
}
export interface Clash { field: string; label: string; mine: unknown; theirs: unknown; theirs_by?: string; theirs_at?: string }
export interface ItemStatus {
  id: string; number: number; state: 'received' | 'held' | 'recorded' | 'refused'; code?: string; text?: string; args?: Record<string, unknown>;
  receipt?: Receipt; waits?: { for: 'blobs' | 'predecessor' | 'decision' | 'turn'; have?: number; need?: number; missing?: string[] };
  clashes?: Clash[]; carried_to?: string; decided?: { by: string; at: string; reason: string; choice: string };
}
export interface PackNote { etag: string; made_at: string; is_old: boolean; size_bytes: number }
export interface ContactAnswer {
  server_time: string; checkpoint?: string; log_size: number; pack?: PackNote | null; unknown: string[]; statuses: ItemStatus[];
  last_number?: number; token?: string; token_expires_on?: string; me?: FieldMe; minimum_app_version?: string;
}
export interface ItemsAnswer { server_time: string; checkpoint?: string; results: ItemStatus[] }

export interface PartNote { name: string; sha256: string; size_bytes: number; count?: number; made_at: string; is_optional?: boolean }
export interface PackManifest {
  version: string; made_at: string; log_size: number; station_ids: string[]; as_of: string; parts: PartNote[]; size_bytes: number;
  rules: { ruleset_sha256: string; boundary_version: string }; person_id: string;
}

export interface FieldTask {
  site_id: string; site_code: string; facility_name?: string; state: string; state_label?: string; lights?: 'green' | 'amber' | 'red'; due_on?: string;
  kind: string; lon?: number; lat?: number; reason?: string; unreviewed?: boolean;
}
/** A verification as its reviewer reads it; `mark` is the hash of its id and of whoever made it. */
export interface FieldVerification { id: string; mark?: string; by?: string; verified_on: string; conclusion_label?: string; condition_text?: string }
export interface FieldSite {
  site_id: string; site_code: string; state: string; version: number; facts: Record<string, unknown>; lon?: number; lat?: number; shape?: Geometry;
  zone_kind?: string; clue_shapes?: Geometry[]; last_verification?: FieldVerification; to_review?: FieldVerification[];
  notes?: string[]; unreviewed?: boolean; pictures?: { sha256: string; view?: string; lon?: number; lat?: number; azimuth_deg?: number }[]; required_shots?: string[];
  station_id?: string; activity_label?: string;
}
export interface AskedAnswer { value: string; label: string; verdict?: string; verdict_label?: string; row?: string }
export interface AskedFact { fact: string; label: string; asked_of?: string; answers: AskedAnswer[] }
export interface SiteSheet { site_id: string; as_of: string; table?: string; sheet?: Record<string, unknown>; missing: AskedFact[]; candidates?: { subtype: string; table: string; sheet: Record<string, unknown>; missing: AskedFact[] }[] }
export interface Code { code: string; label: string; group?: string }
export interface FieldForms { lists: Record<string, Code[]>; people: { post: string; unit: string }[]; shots: { activities: string[]; required: string[] }[]; guards?: Record<string, string>; labels?: Record<string, string> }
export interface PatrolRoute { route_id: string; name: string; shape: Geometry; key_points?: { name?: string; lon: number; lat: number }[]; is_planned?: boolean }

/** 采集情况 — where, how exactly and looking where something was captured (contract of entries, `domain::capture`). */
export interface Capture {
  at: string; lon?: number; lat?: number; accuracy_m?: number; altitude_m?: number; altitude_accuracy_m?: number; speed_mps?: number; heading_deg?: number;
  azimuth_deg?: number; azimuth_accuracy_deg?: number; fix_at?: string; fix_age_ms?: number; provider?: string; is_outside_reason?: string;
}

/** A phone as the desk's list names it. */
export interface DeviceRow {
  device_id: string; label?: string; person: { person_id: string; name: string }; post: string; state: 'active' | 'locked'; locked_since?: string; enrolled_at: string;
  seen_at?: string; app_version?: string; pack_made_at?: string; is_pack_old?: boolean; unsent?: Record<string, number>; waiting?: number; held?: number;
  storage?: Storage; missing_numbers?: string[]; lock_reason?: string;
}
/** A held or refused item as the desk reads it. */
export interface FieldItem extends ItemStatus { kind: string; kind_label: string; stream: string; site_code?: string; person: string; device_id: string; claimed_at: string; arrived_at: string; body: Record<string, unknown> }
export interface FieldItems { total: number; by_state: Record<string, number>; items: FieldItem[]; next?: string }
export interface RescueReport {
  device_id: string; person: string; sealed_at: string; items: ItemStatus[]; items_new: number; items_known: number; items_refused: number; blobs_new: number;
  blobs_known: number; missing_blobs: string[];
  /** Kept, though no entry can name them: no evidence, or damaged on the phone already. */
  files_refused?: { sha256: string; size_bytes: number; code: string }[];
}
