/** 核查单 — what is filled in on the spot, what still lacks, and the entries it becomes. Pure. */
import type { Capture, FieldSite } from '@/api/field';
import type { Geometry } from 'geojson';

import { canonical } from '@/offline/canonical';
import type { Act, EntryDraft } from '@/offline/outbox';
import type { Outlined } from '@/offline/pocket';

import { statable } from './asked';
import { distanceToSite, isOutside } from './place';

export interface Shot { view: string; sha256: string; size: number; file_name: string; media_type: string; capture: Capture; sketch_of?: string; duration_ms?: number }
export interface Party { state: 'signed' | 'refused' | 'absent'; reason?: string; signature?: Shot; signed_sha256?: string }
export interface Sheet {
  site_id: string; started_at: string; position?: Capture; outside_reason?: string; zone_seen?: string; /** By the engine; else it is measured when the entry is made. */ distance_m?: number; shots: Shot[]; missing_shots_reason?: string;
  clue_truth?: string; conclusion?: string; condition_text?: string; ecological_effect?: string; suggested_disposal?: string;
  outline?: { shape: Geometry; method: 'walked' | 'drawn'; told?: Outlined }; answers: Record<string, string>; team: string[]; party?: Party; is_unverified?: boolean; unverified_reason?: string;
  hint?: { verdict: string; row: string; ruleset_sha256: string; missing: string[] };
}
export const emptySheet = (site_id: string, self: string): Sheet => ({ site_id, started_at: new Date().toISOString(), shots: [], answers: {}, team: [self] });

/** 沿用 — condition, answers, people and party's state go on to the next site; place and photos never. */
export function reused(from: Sheet, site_id: string): Sheet {
  const { clue_truth, conclusion, condition_text, ecological_effect, suggested_disposal, answers, team, is_unverified, unverified_reason } = from;
  const party = from.party && from.party.state !== 'signed' ? { state: from.party.state, reason: from.party.reason } : undefined;
  return { ...emptySheet(site_id, team[0] ?? ''), clue_truth, conclusion, condition_text, ecological_effect, suggested_disposal, answers: { ...answers }, team: [...team], is_unverified, unverified_reason, party };
}

export const missingViews = (sheet: Sheet, required: readonly string[]): string[] => required.filter((view) => !sheet.shots.some((s) => s.view === view));

/** What the flow of every campaign asks for; a reason excuses a view, not the photos. */
const FEWEST_PHOTOS = 2;
const photosOf = (sheet: Sheet): Shot[] => sheet.shots.filter((s) => s.view !== 'signature' && s.media_type.startsWith('image/'));

export type Lack = 'position' | 'outside' | 'shots' | 'conclusion' | 'team' | 'party' | 'unverified';
/** What the sheet still lacks, in the order of the screen. */
export function lacksOf(sheet: Sheet, site: FieldSite, required: readonly string[]): Lack[] {
  const lacks: Lack[] = [];
  const { position } = sheet;
  const isPlaced = position?.lon !== undefined && position.lat !== undefined;
  if (!isPlaced) lacks.push('position');
  if (isPlaced && isOutside(site, { lon: position.lon!, lat: position.lat!, accuracy_m: position.accuracy_m }, sheet.distance_m) && !sheet.outside_reason?.trim()) lacks.push('outside');
  if (sheet.is_unverified && !sheet.unverified_reason) lacks.push('unverified');
  if (!sheet.is_unverified && (photosOf(sheet).length < FEWEST_PHOTOS || (missingViews(sheet, required).length > 0 && !sheet.missing_shots_reason?.trim()))) lacks.push('shots');
  if (!sheet.is_unverified && !sheet.conclusion) lacks.push('conclusion');
  if (new Set(sheet.team).size < 2) lacks.push('team');
  const party = sheet.party;
  if (party && ((party.state === 'signed' && !party.signature) || (party.state === 'refused' && !party.reason?.trim()))) lacks.push('party');
  return lacks;
}

/** What the party signs: the site, the day, the words, the facts, the photos and who was there. */
export const signedText = (sheet: Sheet, site: FieldSite, day: string): string =>
  canonical({
    site_code: site.site_code, verified_on: day, condition_text: sheet.condition_text ?? '', facts: factsOf(sheet),
    shots: sheet.shots.map((s) => s.sha256), team: sheet.team,
  });

const factsOf = (sheet: Sheet): Record<string, unknown> => (sheet.outline ? { shape: sheet.outline.shape } : {});

export interface Making { site: FieldSite; day: string; unit: string; name: string; app_version: string; pack_version?: string; boundary_version?: string; was_offline: boolean; labels: { verification: string; shot: (view: string) => string } }

const evidenceOf = (shot: Shot, making: Making, stream: string): EntryDraft => ({
  stream, kind: 'evidence.recorded', title: making.labels.shot(shot.view), blobs: [shot.sha256], site_id: making.site.site_id, site_code: making.site.site_code, fix_at: shot.capture.fix_at,
  body: {
    sha256: shot.sha256, size_bytes: shot.size, file_name: shot.file_name, media_type: shot.media_type, capture: shot.capture, view: shot.view,
    lon: shot.capture.lon, lat: shot.capture.lat, azimuth_deg: shot.capture.azimuth_deg, sketch_of: shot.sketch_of, duration_ms: shot.duration_ms,
  },
});

/** 存入 — photos first, then the verification that names them; all in one act. */
export function actOf(sheet: Sheet, making: Making, draft_id?: string): Act {
  const { site } = making;
  const stream = `site/${site.site_id}`;
  const files = [...sheet.shots, ...(sheet.party?.signature ? [sheet.party.signature] : [])];
  const position = sheet.position ?? { at: sheet.started_at };
  const photos = sheet.shots.filter((s) => s.view !== 'signature');
  const distance = position.lon === undefined || position.lat === undefined ? null : sheet.distance_m ?? distanceToSite(site, { lon: position.lon, lat: position.lat });
  const party = sheet.party && { state: sheet.party.state, reason: sheet.party.reason, signature: sheet.party.signature?.sha256, signed_sha256: sheet.party.signed_sha256 };
  const body = {
    round: 'first', method: 'field', verified_on: making.day, team: [...new Set(sheet.team)].map((post) => ({ post, unit: making.unit })),
    lon: position.lon, lat: position.lat, clue_truth: sheet.clue_truth, condition_text: sheet.condition_text?.trim() || undefined, ecological_effect: sheet.ecological_effect,
    conclusion: sheet.is_unverified ? 'undetermined' : sheet.conclusion, suggested_disposal: sheet.suggested_disposal, photo_count: photosOf(sheet).length || undefined,
    evidence: photos.map((s) => s.sha256), judged_facts: Object.keys(sheet.answers).length > 0 ? statable(sheet.answers) : undefined, facts: factsOf(sheet),
    basis: { from: 'person', reason: '现场核查' },
    verified_at: position.at, capture: { ...position, is_outside_reason: sheet.outside_reason?.trim() || undefined }, distance_to_site_m: distance === null ? undefined : Number(distance.toFixed(1)),
    zone_seen: sheet.zone_seen, boundary_version: making.boundary_version, outline_method: sheet.outline?.method,
    shots: photos.map((s) => ({ view: s.view, sha256: s.sha256 })), missing_shots_reason: sheet.missing_shots_reason?.trim() || undefined,
    unverified_reason: sheet.is_unverified ? sheet.unverified_reason : undefined, party, hint: sheet.hint,
    field: { app_version: making.app_version, pack_version: making.pack_version, was_offline: making.was_offline || undefined },
  };
  const verification: EntryDraft = {
    stream, kind: 'verification.recorded', title: making.labels.verification, blobs: files.map((f) => f.sha256), site_id: site.site_id, site_code: site.site_code, based_on: site.version, body, fix_at: position.fix_at,
  };
  return { entries: [...files.map((f) => evidenceOf(f, making, stream)), verification], draft_id };
}
