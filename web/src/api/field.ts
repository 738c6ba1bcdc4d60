/** Shapes of the phone's own addresses (`/api/v1/field`): as the server's OpenAPI document has them; the parts of a pack, which
 * it does not describe, by hand. The service worker reads them too. */
import type { Geometry } from 'geojson';

import type { components } from './schema';
import type { With } from './wire';

type Schemas = components['schemas'];

export type FieldMe = Schemas['FieldMe'];
export type FieldRegister = Schemas['FieldRegister'];
export type Storage = Schemas['StorageTold'];
/** What a phone needs of the answer; the receipt of its enrolment is for the desk. */
export type Enrolled = Omit<Schemas['Enrolled'], 'receipt'>;

export type Receipt = Schemas['ItemReceipt'];
export type Clash = With<Schemas['FieldClash'], { mine: unknown; theirs: unknown }>;
export type ItemStatus = With<Schemas['ItemStatus'], { state: 'received' | 'held' | 'recorded' | 'refused'; clashes?: Clash[] }>;
export type PackNote = Schemas['PackNote'];
export type ContactAnswer = With<Schemas['ContactAnswer'], { statuses: ItemStatus[] }>;
export type ItemsAnswer = With<Schemas['ItemsAnswer'], { results: ItemStatus[] }>;

export type PartNote = Schemas['PartNote'];
export type PackManifest = Schemas['PackManifest'];

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
export type DeviceRow = Schemas['DeviceRow'];
/** A held or refused item as the desk reads it. */
export type FieldItem = With<Schemas['FieldItemView'], ItemStatus & { body: Record<string, unknown> }>;
export type FieldItems = With<Schemas['FieldItems'], { items: FieldItem[] }>;
export type RescueReport = With<Schemas['RescueReport'], { items: ItemStatus[] }>;
export type BalanceRow = Schemas['BalanceRow'];
export type Balance = Schemas['Balance'];
