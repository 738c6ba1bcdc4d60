import type { Config } from '@/api/wire';

import { m } from './msg';
import { useDesk } from './session';

/** Words for codes, as the campaign's lists say; a code nobody knows is shown as it is. */
export function labelsOf(config: Config) {
  const find = (list: readonly { code: string; label: string }[] | undefined, code?: string | null) =>
    code ? (list?.find((l) => l.code === code)?.label ?? code) : m('unknown');
  return {
    state: (code?: string | null) => find(config.states, code),
    zone: (code?: string | null) => find(config.zones, code),
    source: (code?: string | null) => find(config.sources, code),
    verdict: (code?: string | null) => find(config.lists.verdict, code),
    severity: (code?: string | null) => find(config.lists.severity, code),
    disposal: (code?: string | null) => find(config.lists.disposal, code),
    role: (code?: string | null) => find(config.roles, code),
    station: (id?: string | null) => (id ? (config.stations.find((s) => s.id === id)?.name ?? id) : m('unknown')),
    of: (list: string, code?: string | null) => find(config.lists[list], code),
  };
}

/** 片区 — the officials answerable for stations, each once; empty where the campaign names none. */
export const areaLeadsOf = (config: Config): { code: string; label: string }[] =>
  [...new Map(config.stations.flatMap((s) => (s.area_lead ? [[s.area_lead, s.area_lead_label ?? s.area_lead] as const] : [])))].map(([code, label]) => ({ code, label }));

export const useLabels = () => labelsOf(useDesk().config);
