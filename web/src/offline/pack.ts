/** 离线包 — one's own territory on the phone: parts by their hash, taken up where they stopped, changed over at once. */
import type { FieldForms, FieldSite, FieldTask, PackManifest, PartNote, PatrolRoute, SiteSheet } from '@/api/field';
import type { Geometry } from 'geojson';

import { sha256 } from './canonical';
import { storeOf, tellLog, type Enrolment, type PackPart, type PersonDb } from './db';
import { ask, Refusal, Unreached } from './http';
import { keeping } from './outbox';
import { alone } from './turn';

export interface PackParts {
  tasks: { items: FieldTask[] };
  sites: { items: FieldSite[] };
  sheets: { items: SiteSheet[] };
  rules: { ruleset_sha256: string; files: Record<string, string> };
  zones: { boundary_version: string; sliver_m2: number; sliver_share?: number; items: { zone_kind: string; name: string; shape: Geometry }[]; stations: { station_id: string; name: string; shape: Geometry }[] };
  routes: { items: PatrolRoute[] };
  /** The office's own layers around the territory; `layers` say whose they are. */
  ground: { items: { name?: string; kind: string; shape: Geometry }[]; labels: { text: string; lon: number; lat: number }[]; layers?: Credit[]; review_number?: string };
  relief: { items: (Credit & { bbox: [number, number, number, number]; media_type: string; base64: string })[] };
  forms: FieldForms;
  /** Small copies of photos that sites name; JPEG, base64. */
  pictures: { items: { sha256: string; jpeg: string }[] };
}
export interface Credit { name: string; data_source: string; review_number?: string | null }
export type PartName = keyof PackParts;

const PATIENCE_MS = 120_000;
const STALE_PACK_TRIES = 3;
export interface Progress { done: number; total: number; name: string }

/** The whole pack of a person, or nothing. */
export const currentPack = async (db: PersonDb): Promise<PackManifest | null> => (await db.pack.get('current'))?.manifest ?? null;
export const packEtag = async (db: PersonDb): Promise<string | null> => (await db.pack.get('current'))?.etag ?? null;

/** One part of the pack in use, read from the phone. */
export async function partOf<N extends PartName>(db: PersonDb, name: N): Promise<PackParts[N] | null> {
  const note = (await currentPack(db))?.parts.find((p) => p.name === name);
  const part = note ? await db.pack_parts.get(note.sha256) : undefined;
  return part?.is_whole ? (JSON.parse(await part.data.text()) as PackParts[N]) : null;
}

/** Fetches what is new; a pack that changes under way is begun again. */
export async function fetchPack(who: Enrolment, tell: (progress: Progress) => void = () => undefined): Promise<PackManifest> {
  return alone('qs-pack', async () => {
    for (let tries = 0; ; tries++) {
      try {
        return await fetchOnce(who, tell);
      } catch (problem) {
        const movedOn = problem instanceof Refusal && problem.code === 'field.pack_moved_on';
        if (!movedOn || tries >= STALE_PACK_TRIES) throw problem;
      }
    }
  });
}

async function fetchOnce(who: Enrolment, tell: (progress: Progress) => void): Promise<PackManifest> {
  const db = storeOf(who.person_id);
  const have = await db.pack.get('current');
  const answer = await ask('pack', { token: who.token, headers: have ? { 'If-None-Match': have.etag } : {}, accept: [304] });
  if (answer.status === 304 && have) {
    await fetchOptional(db, who, have.manifest, tell);
    return have.manifest;
  }
  const manifest = (await answer.json().catch(() => null)) as PackManifest | null;
  if (!manifest) throw new Unreached('half an answer');
  const etag = answer.headers.get('ETag') ?? '';
  await keeping(() => db.pack.put({ key: 'next', manifest, etag, got_at: new Date().toISOString() }));
  let done = 0;
  for (const note of manifest.parts.filter((p) => !p.is_optional)) {
    tell({ done, total: manifest.size_bytes, name: note.name });
    await fetchPart(db, who, note);
    done += note.size_bytes;
  }
  await changeOver(db, manifest, etag);
  await fetchOptional(db, who, manifest, tell, done);
  return manifest;
}
/** Pictures and the like come once the pack can be worked with; what does not come is asked for the next time. */
async function fetchOptional(db: PersonDb, who: Enrolment, manifest: PackManifest, tell: (progress: Progress) => void, from = manifest.size_bytes): Promise<void> {
  let done = from;
  for (const note of manifest.parts.filter((p) => p.is_optional)) {
    tell({ done: Math.min(done, manifest.size_bytes), total: manifest.size_bytes, name: note.name });
    try {
      await fetchPart(db, who, note);
    } catch (problem) {
      if (problem instanceof Refusal && problem.code === 'field.pack_moved_on') throw problem;
      console.warn(problem);
    }
    done += note.size_bytes;
  }
  tell({ done: manifest.size_bytes, total: manifest.size_bytes, name: '' });
}

const isPart = async (row: PackPart, note: PartNote): Promise<boolean> => (await sha256(await row.data.arrayBuffer())) === note.sha256;

async function fetchPart(db: PersonDb, who: Enrolment, note: PartNote): Promise<void> {
  let have = await db.pack_parts.get(note.sha256);
  if (have?.is_whole) return;
  // All its bytes came, only the end of the answer did not: there is no rest to ask for.
  if (have && have.got >= note.size_bytes) {
    if (await isPart(have, note)) return void (await keeping(() => db.pack_parts.put({ ...have!, is_whole: 1 })));
    await db.pack_parts.delete(note.sha256);
    have = undefined;
  }
  const got = have?.got ?? 0;
  const headers = got > 0 ? { Range: `bytes=${got}-`, 'If-Range': `"${note.sha256}"` } : {};
  const answer = await ask(`pack/parts/${note.name}?v=${note.sha256}`, { token: who.token, headers: headers as Record<string, string>, patience_ms: PATIENCE_MS, accept: [416] });
  if (answer.status === 416) {
    await db.pack_parts.delete(note.sha256);
    throw new Unreached(`part ${note.name} has no such rest`);
  }
  const isRest = answer.status === 206;
  const row: PackPart = { sha256: note.sha256, name: note.name, size: note.size_bytes, made_at: note.made_at, got: isRest ? got : 0, data: isRest && have ? have.data : new Blob([]), is_whole: 0 };
  await readOn(db, row, answer);
  if (!(await isPart(row, note))) {
    await db.pack_parts.delete(note.sha256);
    throw new Unreached(`part ${note.name} came damaged`);
  }
  await keeping(() => db.pack_parts.put({ ...row, is_whole: 1 }));
}

/** Keeps what has come so far, so that a cut costs nothing. */
async function readOn(db: PersonDb, row: PackPart, answer: Response): Promise<void> {
  const reader = answer.body?.getReader();
  const parts: BlobPart[] = [row.data];
  try {
    while (reader) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value as Uint8Array<ArrayBuffer>);
      row.got += value.length;
    }
  } catch (problem) {
    row.data = new Blob(parts);
    await keeping(() => db.pack_parts.put(row));
    throw new Unreached(String(problem));
  }
  row.data = new Blob(parts);
}

/** The new pack takes the place of the old in one step; parts that nobody needs go. */
async function changeOver(db: PersonDb, manifest: PackManifest, etag: string): Promise<void> {
  const needed = new Set(manifest.parts.filter((p) => !p.is_optional).map((p) => p.sha256));
  const named = manifest.parts.map((p) => p.sha256);
  await keeping(() =>
    db.transaction('rw', db.pack, db.pack_parts, async () => {
      const whole = await db.pack_parts.where('sha256').anyOf([...needed]).and((p) => p.is_whole === 1).primaryKeys();
      if (whole.length !== needed.size) throw new Unreached('a part is missing');
      await db.pack.put({ key: 'current', manifest, etag, got_at: new Date().toISOString() });
      await db.pack.delete('next');
      await db.pack_parts.where('sha256').noneOf(named).delete();
    }),
  );
  await tellLog(db, 'pack_taken', { version: manifest.version, size: manifest.size_bytes });
}

/** 照片应拍的方向 — what views a kind of activity asks for. */
export function requiredShots(forms: FieldForms | null, site: FieldSite | null): string[] {
  const activity = String(site?.facts.activity_type_code ?? '');
  return site?.required_shots ?? forms?.shots.find((s) => s.activities.includes(activity))?.required ?? ['far', 'near'];
}
