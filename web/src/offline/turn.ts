/** 轮流 — page, other tabs and the service worker never do the same thing at the same time. */
import { phone } from './db';

const LEASE_MS = 15_000;
const me = Math.random().toString(36).slice(2);
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
interface Lease { holder: string; until: number }

async function take(name: string): Promise<boolean> {
  return phone.transaction('rw', phone.settings, async () => {
    const lease = (await phone.settings.get(`lease:${name}`))?.value as Lease | undefined;
    if (lease && lease.holder !== me && lease.until > Date.now() && lease.until < Date.now() + 2 * LEASE_MS) return false;
    await phone.settings.put({ key: `lease:${name}`, value: { holder: me, until: Date.now() + LEASE_MS } satisfies Lease });
    return true;
  });
}

/** One's own lease only: after a sleep it may be another's by now. */
const giveBack = (name: string): Promise<void> =>
  phone.transaction('rw', phone.settings, async () => {
    const lease = (await phone.settings.get(`lease:${name}`))?.value as Lease | undefined;
    if (lease?.holder === me) await phone.settings.delete(`lease:${name}`);
  });

/** What this page is at itself: a lease tells pages apart, not the works of one page. */
const here = new Set<string>();
async function begin(name: string): Promise<boolean> {
  if (here.has(name)) return false;
  here.add(name);
  const isMine = await take(name).catch((problem) => {
    here.delete(name);
    throw problem;
  });
  if (!isMine) here.delete(name);
  return isMine;
}

/** A lease row, for browsers without locks: renewed while the work goes on. */
async function leased<T>(name: string, work: () => Promise<T>, isPatient: boolean): Promise<T | null> {
  while (!(await begin(name))) {
    if (!isPatient) return null;
    await pause(50);
  }
  const renewal = setInterval(() => void take(name), LEASE_MS / 3);
  try {
    return await work();
  } finally {
    clearInterval(renewal);
    await giveBack(name).finally(() => here.delete(name));
  }
}

const locks = (): LockManager | undefined => (typeof navigator === 'undefined' ? undefined : navigator.locks);

/** Waits for its turn. */
export async function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
  const manager = locks();
  return manager ? manager.request(name, () => work()) as Promise<T> : (await leased(name, work, true)) as T;
}
/** Does nothing where another is at it already. */
export async function unlessBusy<T>(name: string, work: () => Promise<T>): Promise<T | null> {
  const manager = locks();
  if (!manager) return leased(name, work, false);
  return manager.request(name, { ifAvailable: true }, (lock) => (lock ? work() : null)) as Promise<T | null>;
}
