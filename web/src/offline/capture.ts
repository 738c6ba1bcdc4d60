/** 采集情况 — position, direction and clock at the moment something was captured. */
import type { Capture } from '@/api/field';

import { instant } from './canonical';

const FIXES = 10;
const WATCH = { enableHighAccuracy: true, maximumAge: 0, timeout: 30_000 } as const;

export interface Fix { lon: number; lat: number; accuracy_m: number; altitude_m?: number; altitude_accuracy_m?: number; speed_mps?: number; heading_deg?: number; t: number; seen: number }
interface Compass { deg: number; accuracy_deg?: number; seen: number }
type Listener = (fix: Fix | null, fault?: string) => void;

const known = (n: number | null | undefined): number | undefined => (n === null || n === undefined || Number.isNaN(n) ? undefined : n);
const round = (n: number | undefined, digits: number): number | undefined => (n === undefined ? undefined : Number(n.toFixed(digits)));

/** 定位 — one watch for all who want it; off when nobody does, for the battery. */
class Locator {
  private listeners = new Set<Listener>();
  private watch: number | null = null;
  private compass: Compass | null = null;
  private recent: Fix[] = [];
  last: Fix | null = null;
  fault = '';

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    if (this.watch === null) this.begin();
    if (this.last) listener(this.last);
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.end();
    };
  }

  private begin(): void {
    if (!('geolocation' in navigator)) return this.tell(null, 'none');
    this.watch = navigator.geolocation.watchPosition(
      (p) => this.take(p),
      (e) => this.tell(null, e.code === e.PERMISSION_DENIED ? 'denied' : 'none'),
      WATCH,
    );
    addEventListener('deviceorientationabsolute', this.turned as EventListener);
    addEventListener('deviceorientation', this.turned as EventListener);
  }
  private end(): void {
    if (this.watch !== null) navigator.geolocation.clearWatch(this.watch);
    this.watch = null;
    removeEventListener('deviceorientationabsolute', this.turned as EventListener);
    removeEventListener('deviceorientation', this.turned as EventListener);
  }
  private take(p: GeolocationPosition): void {
    const { coords } = p;
    const fix: Fix = {
      lon: coords.longitude, lat: coords.latitude, accuracy_m: coords.accuracy, altitude_m: known(coords.altitude), altitude_accuracy_m: known(coords.altitudeAccuracy),
      speed_mps: known(coords.speed), heading_deg: known(coords.heading), t: p.timestamp, seen: Date.now(),
    };
    this.recent = [...this.recent, fix].slice(-FIXES);
    this.tell(fix);
  }
  private tell(fix: Fix | null, fault = ''): void {
    if (fix) this.last = fix;
    this.fault = fault;
    for (const listener of this.listeners) listener(fix, fault);
  }
  private turned = (event: DeviceOrientationEvent & { webkitCompassHeading?: number; webkitCompassAccuracy?: number }): void => {
    const deg = event.webkitCompassHeading ?? (event.absolute && event.alpha !== null ? (360 - event.alpha) % 360 : undefined);
    if (deg !== undefined) this.compass = { deg, accuracy_deg: known(event.webkitCompassAccuracy), seen: Date.now() };
  };

  get azimuth(): Compass | null {
    return this.compass && Date.now() - this.compass.seen < 3_000 ? this.compass : null;
  }
  /** The mean of the better half of the last fixes, weighed by their accuracy. */
  best(): Fix | null {
    const fresh = this.recent.filter((f) => Date.now() - f.seen < 60_000);
    if (fresh.length === 0) return this.last;
    const better = [...fresh].sort((a, b) => a.accuracy_m - b.accuracy_m).slice(0, Math.max(1, Math.ceil(fresh.length / 2)));
    const weights = better.map((f) => 1 / Math.max(1, f.accuracy_m) ** 2);
    const total = weights.reduce((a, b) => a + b, 0);
    const mean = (of: (f: Fix) => number): number => better.reduce((sum, f, i) => sum + of(f) * weights[i]!, 0) / total;
    return { ...better[0]!, lon: mean((f) => f.lon), lat: mean((f) => f.lat), t: better.at(-1)!.t };
  }
  /** Asks the compass' permission where the browser wants it asked by a tap. */
  async askCompass(): Promise<boolean> {
    const kind = DeviceOrientationEvent as unknown as { requestPermission?: () => Promise<string> };
    return kind.requestPermission ? (await kind.requestPermission().catch(() => 'denied')) === 'granted' : true;
  }
}
export const locator = new Locator();

/** What is written into an entry about now; `best` averages, for a verification. */
export function captureNow(best = false): Capture {
  const fix = best ? locator.best() : locator.last;
  const azimuth = locator.azimuth;
  const device = Date.now();
  if (!fix) return { at: instant(device) };
  return {
    at: instant(device), lon: round(fix.lon, 7), lat: round(fix.lat, 7), accuracy_m: round(fix.accuracy_m, 1), altitude_m: round(fix.altitude_m, 1),
    altitude_accuracy_m: round(fix.altitude_accuracy_m, 1), speed_mps: round(fix.speed_mps, 2), heading_deg: round(fix.heading_deg, 0),
    azimuth_deg: round(azimuth?.deg, 0), azimuth_accuracy_deg: round(azimuth?.accuracy_deg, 0), fix_at: instant(Math.round(fix.t)),
    fix_age_ms: Math.max(0, Math.round(device - fix.seen)), provider: 'browser',
  };
}
