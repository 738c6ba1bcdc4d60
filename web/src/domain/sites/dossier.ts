import { useQuery } from '@tanstack/vue-query';
import { computed, type Ref } from 'vue';

import { get } from '@/api/client';
import type { Dossier } from '@/api/wire';

export type Record_ = Record<string, unknown>;

export interface ZoneShare { zone: string; area_m2: number; share: number }

/** Shares come as a list or by zone; the page wants lines. */
export function sharesOf(value: unknown): ZoneShare[] {
  if (!value || typeof value !== 'object') return [];
  const list = Array.isArray(value) ? value : 'parts' in value && Array.isArray(value.parts) ? value.parts : 'shares' in value && Array.isArray(value.shares) ? value.shares : [];
  const lines = (list as Record_[]).map((s) => ({ zone: String(s.zone_kind ?? s.zone ?? s.kind ?? ''), area_m2: Number(s.area_m2 ?? s.measure ?? 0), share: Number(s.share ?? Number.NaN) }));
  const total = lines.reduce((sum, l) => sum + l.area_m2, 0);
  return lines.map((l) => ({ ...l, share: Number.isFinite(l.share) ? l.share : total > 0 ? l.area_m2 / total : 0 }));
}

export const pathOf = (code: string): string => `/sites/${encodeURIComponent(code)}`;
/** The dossier of a site as it stands now; asked once for all parts of a page. */
export const useSite = (code: Ref<string>) => useQuery({ queryKey: ['site', code, 'now'], queryFn: () => get<Dossier>(pathOf(code.value)), enabled: computed(() => code.value !== '') });
export const asOfQuery = (asOf: string) => ({ as_of: asOf === 'now' ? undefined : asOf });
