/** Service worker of the phone: keeps the shell, answers `/field` without a network, sends by Background Sync. */
/// <reference lib="webworker" />
import { syncEverybody, TAG } from './engine';

declare const self: ServiceWorkerGlobalScope & { __SHELL__?: string };
/** Written by `scripts/precache.mjs`: the files of this build and the name of their cache. */
declare const SHELL_FILES: readonly string[];
declare const SHELL_NAME: string;
const PAGE = '/field';
const PREFIX = 'qs-shell-';

const wholeShell = async (): Promise<void> => {
  // A shell of this name may be in use already: a failed fetch must not take it away.
  const isNew = !(await caches.has(SHELL_NAME));
  const cache = await caches.open(SHELL_NAME);
  try {
    await cache.addAll(SHELL_FILES.map((url) => new Request(url, { cache: 'reload' })));
  } catch (problem) {
    if (isNew) await caches.delete(SHELL_NAME);
    throw problem;
  }
};

self.addEventListener('install', (event) => event.waitUntil(wholeShell()));
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

/** Old shells go once the new page has run for a while; until then, and while another page is open, one of theirs may still ask for its parts. */
const dropOld = async (): Promise<void> => {
  if ((await self.clients.matchAll({ type: 'window' })).length > 1) return;
  for (const name of await caches.keys()) if (name.startsWith(PREFIX) && name !== SHELL_NAME) await caches.delete(name);
};

self.addEventListener('message', (event) => {
  const said = event.data as { do?: string } | null;
  if (said?.do === 'take-over') void self.skipWaiting();
  if (said?.do === 'drop-old') event.waitUntil(dropOld());
});

const isPage = (request: Request, url: URL): boolean => request.mode === 'navigate' && /^\/field(\/|$)/.test(url.pathname) && !url.pathname.split('/').pop()!.includes('.');

async function fromShell(key: string): Promise<Response | undefined> {
  const cache = await caches.open(SHELL_NAME);
  return (await cache.match(key)) ?? caches.match(key);
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin || url.pathname.startsWith('/api/')) return;
  if (isPage(request, url)) event.respondWith(fromShell(PAGE).then((page) => page ?? fetch(request)));
  else if (SHELL_FILES.includes(url.pathname) || url.pathname.startsWith('/assets/')) event.respondWith(fromShell(url.pathname).then((file) => file ?? fetch(request)));
});

interface SyncEvent extends ExtendableEvent { tag: string }
self.addEventListener('sync' as 'message', (event) => {
  const { tag } = event as unknown as SyncEvent;
  if (tag === TAG) event.waitUntil(syncEverybody(SHELL_NAME.slice(PREFIX.length)));
});
