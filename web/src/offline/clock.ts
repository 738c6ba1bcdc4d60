/** 时钟 — what the phone may claim about time, and what it says itself of a doubtful clock. */
import { instant, randomHex } from './canonical';
import { keepSetting, setting, type PersonDb } from './db';

/** New at each start of the page, and after a sleep that stopped the counter of the page. */
let session = randomHex(4);
export const sessionName = (): string => session;
const perf = (): number => Math.round(performance.now());

export interface Contact { at: string; perf: number; session: string; drift_ms: number }
export interface Clocks { device: string; monotonic_ms?: number; session: string; session_ms: number; contact_at?: string; utc_offset_min: number }

const GNSS_DIFFERS_MS = 300_000;
const SLEPT_MS = 5_000;
const TICK_MS = 30_000;
const TICKS = 200;

/** Keeps the server's time of an answer; half of the way is counted as travel. */
export async function noteContact(db: PersonDb, server_time: string, asked_perf: number): Promise<void> {
  const travel = (perf() - asked_perf) / 2;
  const at = Date.parse(server_time) + travel;
  const contact: Contact = { at: instant(Math.round(at)), perf: perf(), session, drift_ms: Math.round(Date.now() - at) };
  await keepSetting(db, 'contact', contact);
}
export const lastContact = (db: PersonDb): Promise<Contact | undefined> => setting<Contact>(db, 'contact');
export const now = (): { session: string; session_ms: number } => ({ session, session_ms: perf() });

/** The clocks of an entry made now, and the time it claims. */
export function claim(contact: Contact | undefined, last_occurred?: string, fix_at?: string): { clocks: Clocks; occurred_at: string } {
  const device = Date.now();
  const isSame = contact?.session === session;
  const clocks: Clocks = {
    device: instant(device), session, session_ms: perf(), utc_offset_min: -new Date(device).getTimezoneOffset(),
    ...(contact ? { contact_at: contact.at } : {}), ...(isSame ? { monotonic_ms: Math.max(0, perf() - contact.perf) } : {}),
  };
  if (isSame) return { clocks, occurred_at: instant(Date.parse(contact.at) + (clocks.monotonic_ms ?? 0)) };
  if (fix_at && Math.abs(Date.parse(fix_at) - device) > GNSS_DIFFERS_MS) return { clocks, occurred_at: instant(Date.parse(fix_at)) };
  const floor = Math.max(contact ? Date.parse(contact.at) : 0, last_occurred ? Date.parse(last_occurred) : 0);
  return { clocks, occurred_at: instant(Math.max(device, floor)) };
}

export type ClockFlag = 'clock_drift' | 'clock_turned_back' | 'session_jump';
interface LastItem { device: string; session?: string; session_ms?: number }

/** What the register will suspect too: said at once, never in the way. */
export function clockFlags(contact: Contact | undefined, last: LastItem | undefined, tick: { wall: number } | undefined): ClockFlag[] {
  const device = Date.now();
  const flags = new Set<ClockFlag>();
  if (contact?.session === session && Math.abs(device - (Date.parse(contact.at) + perf() - contact.perf)) > 120_000) flags.add('clock_drift');
  if (last && device < Date.parse(last.device) - 2_000) flags.add('clock_turned_back');
  if (tick && device < tick.wall - 2_000) flags.add('clock_turned_back');
  if (last?.session === session && last.session_ms !== undefined && Math.abs(device - Date.parse(last.device) - (perf() - last.session_ms)) > 30_000) flags.add('session_jump');
  return [...flags];
}

/** Writes a tick each half minute, and begins a new session where the page slept: its counter stands still then. */
export function watchClock(db: PersonDb): () => void {
  let hidden: { wall: number; perf: number } | null = null;
  const tick = async (): Promise<void> => {
    const n = await db.clock.add({ wall: Date.now(), perf: perf(), session });
    await db.clock.where('n').below(n - TICKS).delete();
  };
  const seen = (): void => {
    if (document.visibilityState === 'hidden') hidden = { wall: Date.now(), perf: perf() };
    else if (hidden && Math.abs(Date.now() - hidden.wall - (perf() - hidden.perf)) > SLEPT_MS) session = randomHex(4);
    if (document.visibilityState === 'visible') hidden = null;
  };
  document.addEventListener('visibilitychange', seen);
  void tick().catch(() => undefined);
  const timer = setInterval(() => void tick().catch(() => undefined), TICK_MS);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', seen);
  };
}
