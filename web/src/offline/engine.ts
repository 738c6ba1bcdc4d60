/** 上传机 — when to sync: at the start, on the network's return, when seen again, by button, each minute. */
import type { Storage } from '@/api/field';

import { phone, storeOf } from './db';
import { tidyUp } from './outbox';
import { packEtag } from './pack';
import { backOff, sync, type SyncReport } from './sync';
import { unlessBusy } from './turn';

const EACH_MS = 60_000;
export const TAG = 'qs-sync';

export async function storageNow(): Promise<Storage> {
  const estimate = (await navigator.storage?.estimate?.().catch(() => undefined)) ?? {};
  const is_persisted = (await navigator.storage?.persisted?.().catch(() => false)) ?? false;
  const is_installed = typeof matchMedia === 'function' && matchMedia('(display-mode: standalone), (display-mode: fullscreen)').matches;
  return { quota: estimate.quota ?? 0, usage: estimate.usage ?? 0, is_persisted, is_installed };
}

/** One sync of one person, with what the server wants to know of the phone. */
export async function syncPerson(person_id: string, app_version: string): Promise<SyncReport> {
  const storage = await storageNow();
  const db = storeOf(person_id);
  const report = await sync(person_id, { app_version, storage, pack_etag: await packEtag(db) });
  if (report.state === 'done') await unlessBusy('qs-sync', () => tidyUp(db, storage.quota - storage.usage));
  return report;
}

/** Every person on this phone with something to send; how the service worker goes about it. */
export async function syncEverybody(app_version: string): Promise<void> {
  for (const who of await phone.enrolments.toArray()) {
    const report = await syncPerson(who.person_id, app_version);
    // Background Sync tries again where its promise fails.
    if (report.state === 'unreached' || report.state === 'failed') throw new Error('not sent');
  }
}

export interface Engine { now: () => Promise<SyncReport>; stop: () => void }

/** Starts the triggers for one person; `tell` hears each outcome. */
export function startEngine(person_id: string, app_version: string, tell: (report: SyncReport, isRunning: boolean) => void): Engine {
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: Promise<SyncReport> | null = null;

  const plan = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void go(), ms);
  };
  const run = async (): Promise<SyncReport> => {
    // Whatever goes wrong, the next try is planned.
    const report = await syncPerson(person_id, app_version).catch((problem): SyncReport => {
      console.warn(problem);
      return { state: 'failed', text: problem instanceof Error ? problem.message : String(problem) };
    });
    const isFailure = report.state === 'unreached' || report.state === 'failed';
    failures = isFailure ? failures + 1 : 0;
    tell(report, false);
    if (isFailure) {
      plan(Math.max(report.wait_ms ?? 0, backOff(failures)));
      void inBackground();
    } else if (report.state === 'busy') plan(5_000);
    else if (report.state === 'locked' && report.wait_ms) plan(report.wait_ms);
    else if (report.state !== 'locked' && report.state !== 'nobody') plan(EACH_MS);
    return report;
  };
  const go = (): Promise<SyncReport> => {
    if (document.visibilityState === 'hidden' && !running) plan(EACH_MS);
    tell({ state: 'busy' }, true);
    return (running ??= run().finally(() => (running = null)));
  };
  const fresh = (): void => {
    failures = 0;
    plan(200);
  };
  const seen = (): void => {
    if (document.visibilityState === 'visible') fresh();
    else void inBackground();
  };
  addEventListener('online', fresh);
  document.addEventListener('visibilitychange', seen);
  plan(500);
  return {
    now: go,
    stop: () => {
      clearTimeout(timer);
      removeEventListener('online', fresh);
      document.removeEventListener('visibilitychange', seen);
    },
  };
}

/** Asks the browser to send without a page, where it can. */
async function inBackground(): Promise<void> {
  const registration = (await navigator.serviceWorker?.getRegistration('/field').catch(() => undefined)) as (ServiceWorkerRegistration & { sync?: { register: (tag: string) => Promise<void> } }) | undefined;
  await registration?.sync?.register(TAG).catch(() => undefined);
}
