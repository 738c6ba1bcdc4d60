/** 所见 — how far, inside or not, which zone and station, by the engine; by the page itself where the engine is not there. */
import { onUnmounted, ref, shallowRef, watch } from 'vue';

import type { FieldSite } from '@/api/field';
import { placeOf } from '@/offline/pocket';
import type { PersonDb } from '@/offline/db';

import { fix } from './phone';
import { bearing, distanceToSite, zoneAt, type LonLat, type ZonePart } from './place';

export interface Seen { distance_m: number | null; bearing_deg: number | null; zone_kind: string | null; zone_name: string; border_m: number | null; station: string | null | undefined; is_by_engine: boolean }
/** Nearer than this a zone border is named even where the position claims to be better. */
const NEAR_BORDER_M = 10;

export async function seenByEngine(db: PersonDb, site: FieldSite, at: LonLat & { accuracy_m?: number }): Promise<Seen> {
  const placed = await placeOf(db, at, site.site_id);
  const [zone] = placed.zones;
  const isNear = placed.border_m !== null && placed.border_m <= Math.max(at.accuracy_m ?? 0, NEAR_BORDER_M);
  return {
    distance_m: placed.site?.distance_m ?? null, bearing_deg: placed.site?.bearing_deg ?? null, zone_kind: zone?.zone_kind ?? null, zone_name: zone?.name ?? '',
    border_m: isNear ? placed.border_m : null, station: placed.station_name ?? placed.station_id, is_by_engine: true,
  };
}
export function seenByPage(site: FieldSite, zones: readonly ZonePart[], at: LonLat & { accuracy_m?: number }): Seen {
  const zone = zoneAt(zones, at, at.accuracy_m);
  const distance_m = distanceToSite(site, at);
  const isPlaced = site.lon !== undefined && site.lat !== undefined && distance_m !== 0;
  return { distance_m, bearing_deg: isPlaced ? bearing(at, { lon: site.lon!, lat: site.lat! }) : null, zone_kind: zone.zone_kind, zone_name: zone.name, border_m: zone.border_m, station: undefined, is_by_engine: false };
}

/** Follows the position; a fix that comes while the engine still looks at the one before waits for its turn. */
export function useSeen(db: PersonDb, site: () => FieldSite | null, zones: () => readonly ZonePart[]) {
  const seen = shallowRef<Seen | null>(null);
  const isAbsent = ref(false);
  let isLooking = false;
  let isStopped = false;
  async function look(): Promise<void> {
    const [at, target] = [fix.value, site()];
    if (!at || !target) return void (seen.value = null);
    if (isLooking) return;
    isLooking = true;
    try {
      seen.value = await seenByEngine(db, target, at);
      isAbsent.value = false;
    } catch (problem) {
      if (!isAbsent.value) console.warn(problem);
      isAbsent.value = true;
      seen.value = seenByPage(target, zones(), at);
    } finally {
      isLooking = false;
    }
    if (!isStopped && (fix.value !== at || site() !== target)) await look();
  }
  watch([fix, site], look, { immediate: true });
  onUnmounted(() => (isStopped = true));
  return { seen, isAbsent };
}
