/** 巡护 — the one that runs on this phone: it lives in a draft and the table of fixes until it is ended. */
import { ref, shallowRef } from 'vue';

import { day } from '@/domain/format';
import { lengthBetween } from '@/map/measure';
import { instant, sha256, uuid } from '@/offline/canonical';
import { locator, type Fix } from '@/offline/capture';
import { sessionName } from '@/offline/clock';
import type { Draft, Enrolment, PersonDb } from '@/offline/db';
import { keepDraft, keepFixes, record, type EntryDraft } from '@/offline/outbox';
import { beforeLeaving } from '@/offline/rescue';
import { trackFile } from '@/offline/track-file';
import { isDue, tidyTrack, type FixLine, type Gap, type GapKind, type Tidied } from '@/offline/track';

import { t } from './msg';
import { APP_VERSION } from './phone';

export interface PatrolFinding { kind: string; at: string; lon?: number; lat?: number; severity?: string; action?: string; note?: string; evidence: string[]; clue_id?: string }
export interface Patrol {
  patrol_id: string; track_id: string; kind: string; route_id?: string; members: string[]; modes: string[]; weather?: string; started_at: string; is_paused: boolean;
  paused_from?: number; findings: PatrolFinding[]; last_fix?: number;
}
export interface PatrolLog { content: string[]; tools: string; summary: string; conclusion: 'normal' | 'abnormal' }
const DRAFT = 'patrol';
const BATCH = 10;
const FLUSH_MS = 30_000;
const BROKEN_MS = 180_000;

export const patrol = shallowRef<Patrol | null>(null);
/** Found in the store at the start: the page that recorded it died. */
export const isBroken = ref(false);
export const figures = ref({ fixes: 0, length_m: 0 });
export const path = shallowRef<[number, number][]>([]);

let pending: { t: number; line: string }[] = [];
let last: FixLine | null = null;
let stop: (() => void) | null = null;
let flushTimer = 0;
let hiddenFrom = 0;
let db: PersonDb | null = null;

const lineOf = (fix: Fix): FixLine => [Math.round(fix.seen), fix.lon, fix.lat, fix.altitude_m ?? null, fix.accuracy_m, fix.speed_mps ?? null, fix.heading_deg ?? null];
const draftOf = (now: Patrol): Draft => ({ id: DRAFT, kind: 'patrol', saved_at: new Date().toISOString(), data: JSON.parse(JSON.stringify(now)) });
const keep = async (now: Patrol): Promise<void> => {
  patrol.value = now;
  if (db) await keepDraft(db, draftOf(now));
};
const forget = (): void => {
  stop?.();
  stop = null;
  [patrol.value, isBroken.value, pending, last, path.value] = [null, false, [], null, []];
};
// Whoever leaves takes their patrol along, sealed; the next person begins without it.
beforeLeaving(async (person_id) => {
  if (db?.person_id !== person_id) return;
  await flush();
  forget();
});
async function flush(): Promise<void> {
  if (!db || !patrol.value || pending.length === 0) return;
  const taken = pending;
  pending = [];
  try {
    await keepFixes(db, taken.map((p) => ({ ...p, track_id: patrol.value!.track_id })));
  } catch (problem) {
    // Kept in memory for the next time; a full phone loses no fix of a patrol that goes on.
    pending = [...taken, ...pending];
    console.warn(problem);
  }
}
function put(t: number, value: FixLine | Gap): void {
  pending.push({ t, line: JSON.stringify(value) });
  if (pending.length >= BATCH) void flush();
}
function gap(kind: GapKind, from: number, to: number): void {
  if (to - from > 1000) put(from + 0.5, { gap: kind, from, to });
}
function take(fix: Fix | null): void {
  if (!fix || !patrol.value || patrol.value.is_paused) return;
  const line = lineOf(fix);
  if (!isDue(last, line, lengthBetween)) return;
  if (last) figures.value = { fixes: figures.value.fixes + 1, length_m: figures.value.length_m + lengthBetween([last[1], last[2]], [line[1], line[2]]) };
  else figures.value = { ...figures.value, fixes: figures.value.fixes + 1 };
  last = line;
  path.value = [...path.value, [line[1], line[2]]];
  put(line[0], line);
}
function seen(): void {
  if (document.visibilityState === 'hidden') {
    hiddenFrom = Date.now();
    void flush();
  } else if (hiddenFrom > 0 && last && last[0] < hiddenFrom) {
    // Nothing came while the page was hidden: the browser stopped, and that is told.
    gap('hidden', hiddenFrom, Date.now());
    last = null;
  }
}
function watch(): void {
  stop?.();
  const end = locator.listen(take);
  document.addEventListener('visibilitychange', seen);
  flushTimer = window.setInterval(() => void flush(), FLUSH_MS);
  stop = () => {
    end();
    clearInterval(flushTimer);
    document.removeEventListener('visibilitychange', seen);
  };
}

/** Looks for a patrol that was running when the page died. */
export async function findPatrol(store: PersonDb): Promise<void> {
  db = store;
  if (patrol.value) return;
  const draft = await store.drafts.get(DRAFT);
  if (!draft) return;
  patrol.value = draft.data as unknown as Patrol;
  const rows = await linesOf(store, patrol.value.track_id);
  const fixes = rows.filter((r): r is FixLine => Array.isArray(r));
  figures.value = { fixes: fixes.length, length_m: (await tidyTrack(rows, lengthBetween)).length_m };
  path.value = fixes.map((f) => [f[1], f[2]]);
  patrol.value = { ...patrol.value, last_fix: fixes.at(-1)?.[0] ?? Date.parse(patrol.value.started_at) };
  isBroken.value = Date.now() - patrol.value.last_fix! > BROKEN_MS;
  if (!isBroken.value) goOn();
}
/** 继续 — the time without a page is a gap. */
export function goOn(): void {
  if (patrol.value?.last_fix) gap('killed', patrol.value.last_fix, Date.now());
  isBroken.value = false;
  last = null;
  watch();
}
export async function begin(store: PersonDb, start: Pick<Patrol, 'kind' | 'route_id' | 'members' | 'modes' | 'weather'>): Promise<void> {
  db = store;
  [last, pending, figures.value, path.value] = [null, [], { fixes: 0, length_m: 0 }, []];
  await keep({ ...start, patrol_id: uuid(), track_id: uuid(), started_at: instant(Date.now()), is_paused: false, findings: [] });
  watch();
}
export async function pauseOrGoOn(): Promise<void> {
  const now = patrol.value;
  if (!now) return;
  if (now.is_paused && now.paused_from) gap('paused', now.paused_from, Date.now());
  if (!now.is_paused) await flush();
  last = null;
  await keep({ ...now, is_paused: !now.is_paused, paused_from: now.is_paused ? undefined : Date.now() });
}
/** A finding with its entries, in one step: what is told as saved is in the log of the patrol as well. */
export async function recordFinding(who: Enrolment, finding: PatrolFinding, entries: EntryDraft[]): Promise<void> {
  const now = patrol.value && { ...patrol.value, findings: [...patrol.value.findings, finding] };
  if (entries.length > 0) await record(who, { entries, ...(now ? { draft: draftOf(now) } : {}) });
  else if (now) await keep(now);
  if (now) patrol.value = now;
}

async function linesOf(store: PersonDb, track_id: string): Promise<(FixLine | Gap)[]> {
  const rows = await store.fixes.where('[track_id+t]').between([track_id, -Infinity], [track_id, Infinity]).toArray();
  return rows.map((r) => JSON.parse(r.line) as FixLine | Gap);
}
/** What the log shows before it is saved. */
export async function tidied(store: PersonDb): Promise<Tidied | null> {
  await flush();
  return patrol.value ? tidyTrack(await linesOf(store, patrol.value.track_id), lengthBetween) : null;
}

/** 结束并保存 — track and patrol in one act; the fixes leave their table with it. */
export async function end(store: PersonDb, who: Enrolment, log: PatrolLog, was_offline: boolean, unit_station: string): Promise<void> {
  const now = patrol.value;
  if (!now) return;
  await flush();
  const lines = await linesOf(store, now.track_id);
  const tidy = await tidyTrack(lines, lengthBetween);
  const data = trackFile({ device_id: who.device_id, session: sessionName() }, lines.map((l) => JSON.stringify(l)));
  const sha = await sha256(await data.arrayBuffer());
  const stream = `patrol/${now.patrol_id}`;
  const { altitude_start_m, altitude_max_m, started_at, ended_at, ...figuresOf } = tidy;
  const base = { patrol_id: now.patrol_id, reserve_code: who.register.reserve_code, station_id: unit_station };
  const track = { ...base, track_id: now.track_id, sha256: sha, format: 'fixes', recorded_by: navigator.userAgent.slice(0, 80), subject: who.me.post, started_at, ended_at, ...figuresOf };
  const patrolled = {
    ...base, kind: now.kind, route_id: now.route_id, started_at: now.started_at, ended_at: instant(Math.max(Date.now(), Date.parse(now.started_at))), leader: now.members[0] ?? who.me.post,
    members: now.members.map((post) => ({ post, unit: who.me.unit })), head_count: now.members.length, units: [who.me.unit], modes: now.modes, weather: now.weather, altitude_start_m, altitude_max_m,
    tools: log.tools.split(/[、,，\s]+/).filter(Boolean), content_items: log.content.filter((c) => c.trim()).map((text, i) => ({ number: i + 1, text })), findings: now.findings, tracks: [now.track_id],
    conclusion: log.conclusion, summary: log.summary, basis: 'phone', field: { app_version: APP_VERSION, was_offline: was_offline || undefined },
  };
  const evidence = now.findings.flatMap((f) => f.evidence);
  await record(who, {
    entries: [
      { stream, kind: 'track.recorded', title: t('track_title', { n: tidy.fixes_read }), body: track, blobs: [sha] },
      { stream, kind: 'patrol.recorded', title: t('patrol_title', { date: day(now.started_at) }), body: patrolled, blobs: evidence },
    ],
    blobs: [{ sha256: sha, data, media_type: 'application/x-ndjson', file_name: `track-${now.track_id.slice(0, 8)}.ndjson` }], draft_id: DRAFT, track_id: now.track_id,
  });
  forget();
}
