/** 出发前检查 — what must be in order before the signal is gone; each with one thing to do. */
import { day, today } from '@/domain/format';
import { words } from '@/domain/msg';
import { lastContact } from '@/offline/clock';
import { locator } from '@/offline/capture';
import { storageNow } from '@/offline/engine';
import { works } from '@/offline/keys';
import { currentPack, partOf } from '@/offline/pack';

import { me } from './phone';

export type CheckName = 'installed' | 'persisted' | 'pack' | 'space' | 'position' | 'compass' | 'camera' | 'clock' | 'key' | 'held' | 'battery' | 'login';
/** `unknown`: the browser does not tell; that is shown and stops nobody. */
export interface Check { name: CheckName; is: 'yes' | 'no' | 'unknown'; figure?: string; to?: string }
export const checkText = words({
  installed: ['已安装到主屏幕', 'Installed'],
  persisted: ['已获持久存储', 'Storage is persistent'],
  pack: ['离线包完整，且为今日版本', 'The pack is whole and today’s'],
  space: ['可用空间 1 GB 以上', 'At least 1 GB free'],
  position: ['定位可用', 'Position works'],
  compass: ['指南针可用', 'Compass'],
  camera: ['相机可用', 'Camera'],
  clock: ['时钟与服务器相差小于 1 分钟', 'Clock within a minute of the server'],
  key: ['本机密钥可签章', 'The key signs'],
  held: ['无未读的退回项', 'No refused item unread'],
  battery: ['电量 50% 以上', 'Battery 50 % or more'],
  login: ['登录有效期 7 天以上（过期仍可记录）', 'Signed in for 7 more days (not needed for recording)'],
});

const GB = 1e9;
const DRIFT_MS = 60_000;
const POSITION_MS = 10_000;
const yes = (is: boolean): Check['is'] => (is ? 'yes' : 'no');

const fixWithin = (ms: number): Promise<number | null> =>
  new Promise((done) => {
    let stop = (): void => undefined;
    const end = (value: number | null): void => {
      clearTimeout(timer);
      setTimeout(() => stop(), 0);
      done(value);
    };
    const timer = setTimeout(() => end(locator.last?.accuracy_m ?? null), ms);
    stop = locator.listen((fix) => fix && end(fix.accuracy_m));
  });

async function hasCamera(): Promise<Check['is']> {
  const devices = await navigator.mediaDevices?.enumerateDevices?.().catch(() => null);
  if (!devices) return 'unknown';
  return devices.some((d) => d.kind === 'videoinput') ? 'yes' : 'unknown';
}
async function battery(): Promise<Check> {
  const manager = await (navigator as { getBattery?: () => Promise<{ level: number }> }).getBattery?.().catch(() => null);
  if (!manager) return { name: 'battery', is: 'unknown' };
  return { name: 'battery', is: yes(manager.level >= 0.5), figure: `${Math.round(manager.level * 100)}%` };
}

/** All of them, in the order of the list. */
export async function runChecks(): Promise<Check[]> {
  const { who, db } = me();
  const [storage, manifest, contact, accuracy] = await Promise.all([storageNow(), currentPack(db), lastContact(db), fixWithin(POSITION_MS)]);
  const parts = manifest ? await Promise.all((['tasks', 'sites', 'zones', 'forms'] as const).map((name) => partOf(db, name))) : [];
  const isPackToday = manifest !== null && parts.every((p) => p !== null) && day(manifest.made_at) >= today();
  const free = storage.quota - storage.usage;
  const isFresh = contact !== undefined && day(contact.at) === today();
  const unread = await db.items.where('state').equals('refused').and((i) => i.is_read !== 1).count();
  const daysLeft = (Date.parse(who.token_expires_on) - Date.now()) / 86_400_000;
  return [
    { name: 'installed', is: yes(storage.is_installed), to: '/field/me' },
    { name: 'persisted', is: yes(storage.is_persisted), to: 'persist' },
    { name: 'pack', is: yes(isPackToday), figure: manifest ? day(manifest.made_at) : '', to: 'pack' },
    { name: 'space', is: yes(free >= GB), figure: `${(free / GB).toFixed(1)} GB`, to: '/field/outbox' },
    { name: 'position', is: yes(accuracy !== null), figure: accuracy === null ? '' : `±${Math.round(accuracy)} m` },
    { name: 'compass', is: locator.azimuth ? 'yes' : 'unknown', to: 'compass' },
    { name: 'camera', is: await hasCamera() },
    { name: 'clock', is: yes(isFresh && Math.abs(contact.drift_ms) < DRIFT_MS), figure: contact ? `${Math.round(contact.drift_ms / 1000)} s` : '', to: 'sync' },
    { name: 'key', is: yes(await works(who.keys)) },
    { name: 'held', is: yes(unread === 0), to: '/field/outbox' },
    await battery(),
    { name: 'login', is: yes(daysLeft >= 7 && !who.is_expired), figure: who.token_expires_on, to: '/field/enrol' },
  ];
}
