/** 程序更新 — the service worker in place, and a new one taken over only when nothing is open. */
import { ref } from 'vue';

import { phone, storeOf } from '@/offline/db';

export const hasNewVersion = ref(false);
const RAN_MS = 10_000;
let waiting: ServiceWorker | null = null;

/** Asked of the store: at a cold start nobody has been woken yet. */
async function hasDraft(): Promise<boolean> {
  for (const { person_id, is_leaving, locked } of await phone.enrolments.toArray()) if (!is_leaving && !locked && (await storeOf(person_id).drafts.count()) > 0) return true;
  return false;
}

export function takeNewVersion(): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  waiting?.postMessage({ do: 'take-over' });
}

function found(worker: ServiceWorker | null, isStart: boolean): void {
  if (!worker || !navigator.serviceWorker.controller) return;
  waiting = worker;
  hasNewVersion.value = true;
  // At a cold start nothing is open yet, unless a sheet was left unfinished.
  if (isStart) void hasDraft().then((is) => (is ? undefined : takeNewVersion()));
}

export function keepShellFresh(): void {
  if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return;
  void navigator.serviceWorker.register('/field/sw.js', { scope: '/field', updateViaCache: 'none' }).then((registration) => {
    found(registration.waiting, true);
    registration.addEventListener('updatefound', () => {
      const worker = registration.installing;
      worker?.addEventListener('statechange', () => worker.state === 'installed' && found(worker, false));
    });
  }).catch((problem) => console.warn(problem));
  setTimeout(() => navigator.serviceWorker.controller?.postMessage({ do: 'drop-old' }), RAN_MS);
}
