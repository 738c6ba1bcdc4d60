/** 手机 — who works on it, what waits, whether the register is reached; shared by all screens. */
import Dexie, { liveQuery, type ObservabilitySet } from 'dexie';
import { computed, onUnmounted, ref, shallowRef, type Ref } from 'vue';

import { watchClock } from '@/offline/clock';
import { locator, type Fix } from '@/offline/capture';
import { phone, setting, keepSetting, storeOf, type Enrolment, type PersonDb } from '@/offline/db';
import { startEngine, type Engine } from '@/offline/engine';
import { canary, counts, record, type Counts } from '@/offline/outbox';
import { currentPack, fetchPack } from '@/offline/pack';
import { finishLeaving } from '@/offline/rescue';
import type { SyncReport } from '@/offline/sync';

export const APP_VERSION = '0.6.0';

export const who = shallowRef<Enrolment | null>(null);
export const tallies = shallowRef<Counts | null>(null);
export const report = shallowRef<SyncReport | null>(null);
export const isSyncing = ref(false);
export const isReached = ref(false);
export const fix = shallowRef<Fix | null>(null);
export const fixFault = ref('');
/** How far the emptying of a locked phone has come; the phone says itself what it did. */
export const lockedNote = shallowRef<'locked_sealing' | 'locked_sealed' | 'locked_sent' | null>(null);
/** Numbers of a store that the browser cleared. */
export const cleared = shallowRef<{ number: number } | null>(null);
export const unsent = computed(() => tallies.value?.unsent ?? 0);

let engine: Engine | null = null;
let stops: (() => void)[] = [];

/** The person at the phone; screens behind enrolment may rely on it. */
export function me(): { who: Enrolment; db: PersonDb } {
  if (!who.value) throw new Error('nobody is enrolled on this phone');
  return { who: who.value, db: storeOf(who.value.person_id) };
}

/** A query that follows the store, in this page and others. */
export function live<T>(query: () => Promise<T>, initial: T): Ref<T> {
  const value = shallowRef(initial) as Ref<T>;
  const watch = liveQuery(query).subscribe({ next: (found) => (value.value = found), error: (problem) => console.warn(problem) });
  onUnmounted(() => watch.unsubscribe());
  return value;
}

/** Reads who is here; called at the start and after an enrolment. */
export async function wake(): Promise<void> {
  for (const stop of stops) stop();
  stops = [];
  await finishLeaving().catch((problem) => console.warn(problem));
  const all = await phone.enrolments.toArray();
  const chosen = await setting<string>(phone, 'person');
  who.value = all.find((e) => e.person_id === chosen && isHere(e)) ?? all.find(isHere) ?? null;
  const locked = all.find((e) => e.locked);
  if (locked) lockedNote.value = locked.is_leaving ? 'locked_sealed' : 'locked_sealing';
  else lockedNote.value = (await setting(phone, 'locked_note')) ? 'locked_sent' : null;
  const song = canary();
  cleared.value = song && !all.some((e) => e.person_id === song.person_id) ? { number: song.number } : null;
  if (who.value) begin(who.value);
  else for (const person of all.filter((e) => e.locked)) stops.push(startEngine(person.person_id, APP_VERSION, (_, isRunning) => void (isRunning || noteLock(person.person_id))).stop);
}

const isHere = (e: Enrolment): boolean => !e.locked && !e.is_leaving;
async function noteLock(person_id: string): Promise<void> {
  const still = await phone.enrolments.get(person_id);
  lockedNote.value = !still ? 'locked_sent' : still.is_leaving ? 'locked_sealed' : 'locked_sealing';
}

function begin(person: Enrolment): void {
  const db = storeOf(person.person_id);
  engine = startEngine(person.person_id, APP_VERSION, hear);
  stops.push(engine.stop, watchClock(db), tally(db));
}

const TALLY_MS = 250;
/** Counts again when the store has changed, but not with each of its rows: a round of sending changes hundreds. */
function tally(db: PersonDb): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;
  const count = async (): Promise<void> => {
    // What changes from here on is counted again.
    timer = undefined;
    const found = await counts(db).catch(() => null);
    if (found && !isStopped) tallies.value = found;
  };
  const hear = (changed: ObservabilitySet): void => {
    if (Object.keys(changed).some((part) => part === 'all' || part.startsWith(`idb://${db.name}/`))) timer ??= setTimeout(() => void count(), TALLY_MS);
  };
  Dexie.on('storagemutated', hear);
  timer = setTimeout(() => void count());
  return () => {
    isStopped = true;
    clearTimeout(timer);
    Dexie.on.storagemutated.unsubscribe(hear);
  };
}

function hear(told: SyncReport, isRunning: boolean): void {
  isSyncing.value = isRunning;
  if (isRunning) return;
  report.value = told;
  if (told.state !== 'busy') isReached.value = told.state === 'done' || told.state === 'expired' || told.state === 'paused' || told.state === 'failed';
  if (told.state === 'locked' || told.state === 'expired') void wakeAgain(told.state === 'locked');
}
async function wakeAgain(isLocked: boolean): Promise<void> {
  if (isLocked) return wake();
  const person = who.value && (await phone.enrolments.get(who.value.person_id));
  if (person) who.value = person;
}

export const syncNow = (): Promise<SyncReport> => (engine ? engine.now() : Promise.resolve({ state: 'nobody' }));
export const becomes = async (person_id: string): Promise<void> => {
  await keepSetting(phone, 'person', person_id);
  await phone.settings.delete('locked_note');
  await wake();
};

/** Screens that want the position now; it is off where none does, for the battery. */
export const watching = ref(0);

/** Watches the position while the screen that asked is open. */
export function usePosition(): void {
  watching.value += 1;
  const stop = locator.listen((found, fault = '') => {
    if (found) fix.value = found;
    fixFault.value = fault;
  });
  onUnmounted(() => {
    watching.value -= 1;
    stop();
  });
}

/** What tests and support may call; the screens call the same. */
export const door = {
  record: (act: Parameters<typeof record>[1]) => record(me().who, act),
  sync: syncNow,
  stats: async () => ({ ...(await counts(me().db)), person_id: me().who.person_id }),
  pack: async () => (await currentPack(me().db)) ?? fetchPack(me().who),
};
addEventListener('offline', () => (isReached.value = false));
