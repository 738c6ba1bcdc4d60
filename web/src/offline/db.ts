/** 手机库 — what a phone keeps: one small store for the phone, one for each person who works on it. */
import Dexie, { type Table } from 'dexie';

import type { FieldMe, FieldRegister, ItemStatus, PackManifest, Receipt } from '@/api/field';

/** 登记 — a person on this phone, with the key that signs what they record. */
export interface Enrolment {
  person_id: string; device_id: string; keys: CryptoKeyPair; public_key: string; token: string; token_expires_on: string;
  me: FieldMe; register: FieldRegister; enrolled_at: string; is_expired?: boolean;
  locked?: { reason: string; since?: string; text: string };
  /** What was unsent is sealed already: only the store is still to be taken away. Set in the same step as the parcel. */
  is_leaving?: boolean;
}
/** 封存件 — a sealed rescue file; nobody on this phone can read it. */
export interface Parcel {
  id: string; person_id?: string; person_label: string; sealed_at: string; size: number; items: number; bytes: Blob; sent_at?: string; why: 'left' | 'locked' | 'saved';
  /** Files in it, drafts among them; and the names of those that the browser could no longer read. */
  files?: number; lost?: string[];
  /** Why the register did not take it, and when it is offered again. */
  tries?: number; next_try_at?: number; code?: string; text?: string;
}
export interface Setting { key: string; value: unknown }

export type ItemState = 'waiting' | 'sending' | 'received' | 'held' | 'recorded' | 'refused';
export interface Item {
  id: string; number: number; kind: string; stream: string; title: string; bytes: string; blobs: string[]; state: ItemState;
  tries: number; next_try_at: number; made_at: string; occurred_at: string; size: number;
  site_id?: string; site_code?: string; based_on?: number; after?: string; code?: string; text?: string;
  status?: ItemStatus; receipt?: Receipt; settled_at?: string; is_read?: 0 | 1;
}
export type BlobState = 'kept' | 'sending' | 'arrived' | 'damaged';
/** What becomes of a file. Its bytes stand in a row of their own: browsers write a file anew with every change of its row. */
export interface KeptBlob {
  sha256: string; size: number; media_type: string; file_name: string; offset: number; state: BlobState;
  made_at: string; of: string[]; draft_id?: string; tries?: number; next_try_at?: number;
  /** Where an older build kept them. */
  data?: Blob; thumbnail?: Blob;
}
export interface FileRow { sha256: string; data: Blob }
/** 草稿 — a sheet that is not finished; its photos are in `blobs` already. */
export interface Draft { id: string; kind: 'verification' | 'finding' | 'patrol'; site_id?: string; saved_at: string; data: Record<string, unknown> }
export interface Fix { track_id: string; t: number; line: string }
export interface Tick { n?: number; wall: number; perf: number; session: string }
export interface PackPart { sha256: string; name: string; size: number; made_at: string; got: number; data: Blob; is_whole: 0 | 1 }
export interface PackRow { key: 'current' | 'next'; manifest: PackManifest; etag: string; got_at: string }
/** `code` is a line of `field/msg.ts`; sentences are made where people read them. */
export interface LogLine { n?: number; at: string; item_id?: string; code: string; args: Record<string, string | number> }

class PhoneDb extends Dexie {
  enrolments!: Table<Enrolment, string>;
  parcels!: Table<Parcel, string>;
  settings!: Table<Setting, string>;
  constructor() {
    super('qs-phone', { chromeTransactionDurability: 'strict' });
    this.version(1).stores({ enrolments: 'person_id', parcels: 'id', settings: 'key' });
  }
}

export class PersonDb extends Dexie {
  items!: Table<Item, string>;
  blobs!: Table<KeptBlob, string>;
  files!: Table<FileRow, string>;
  thumbnails!: Table<FileRow, string>;
  drafts!: Table<Draft, string>;
  fixes!: Table<Fix, [string, number]>;
  clock!: Table<Tick, number>;
  pack_parts!: Table<PackPart, string>;
  pack!: Table<PackRow, string>;
  log!: Table<LogLine, number>;
  settings!: Table<Setting, string>;
  constructor(readonly person_id: string) {
    super(`qs-field-${person_id}`, { chromeTransactionDurability: 'strict' });
    // Versions only add: the outbox of an older build must open in a newer one.
    this.version(1).stores({
      items: 'id, state, stream, number, kind, [state+number]',
      blobs: 'sha256, state, draft_id',
      drafts: 'id, site_id',
      fixes: '[track_id+t]',
      clock: '++n',
      pack_parts: 'sha256, name',
      pack: 'key',
      log: '++n',
      settings: 'key',
    });
    // Which sites have been verified, and what waits, is told from the index, without reading entries and files.
    this.version(2).stores({ items: 'id, state, stream, number, kind, [state+number], [state+tries], [state+kind+size], [kind+number+site_id+state]', blobs: 'sha256, state, draft_id, *of, [state+sha256+size]' });
    // Files of older rows stay where they are: moving them would need their room twice.
    this.version(3).stores({ files: 'sha256', thumbnails: 'sha256' });
    // A store that another page takes away stays away: it must not come back empty, with its numbers begun anew.
    this.on('versionchange', (change) => void (change.newVersion === null && this.close({ disableAutoOpen: true })));
  }
}

export const phone = new PhoneDb();

const open = new Map<string, PersonDb>();
/** The store of one person; one connection a page. */
export function storeOf(person_id: string): PersonDb {
  let db = open.get(person_id);
  if (!db) open.set(person_id, (db = new PersonDb(person_id)));
  return db;
}
/** Deletes a person's store from the phone; only after everything unsent was sent or sealed. */
export async function dropStore(person_id: string): Promise<void> {
  const db = storeOf(person_id);
  open.delete(person_id);
  await db.delete();
}

/** The bytes of a file; nothing where the browser lost them. */
export const fileOf = async (db: PersonDb, blob: KeptBlob): Promise<Blob | undefined> => (await db.files.get(blob.sha256).catch(() => undefined))?.data ?? blob.data;
export const thumbnailOf = async (db: PersonDb, blob: KeptBlob): Promise<Blob | undefined> => (await db.thumbnails.get(blob.sha256))?.data ?? blob.thumbnail;
/** The tables of files, for a transaction over all that is kept of them. */
export const fileTables = (db: PersonDb): [Table<KeptBlob, string>, Table<FileRow, string>, Table<FileRow, string>] => [db.blobs, db.files, db.thumbnails];
export const dropFiles = (db: PersonDb, shas: string[]): Promise<unknown> => db.transaction('rw', fileTables(db), () => Promise.all(fileTables(db).map((table) => table.bulkDelete(shas))));

interface Settings { settings: Table<Setting, string> }
export const setting = async <T>(db: Settings, key: string): Promise<T | undefined> => (await db.settings.get(key))?.value as T | undefined;
export const keepSetting = (db: Settings, key: string, value: unknown): Promise<unknown> => db.settings.put({ key, value });

const LOG_LINES = 2000;
/** 经过 — what happened to which item, for people and for support. */
export async function tellLog(db: PersonDb, code: string, args: Record<string, string | number> = {}, item_id?: string): Promise<void> {
  const n = await db.log.add({ at: new Date().toISOString(), code, args, ...(item_id ? { item_id } : {}) });
  if (n % 100 === 0) await db.log.where('n').below(n - LOG_LINES).delete();
}
