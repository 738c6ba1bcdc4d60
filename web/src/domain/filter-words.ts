import type { Config } from '@/api/wire';

import type { FilterKey, Filters } from './filters';
import { areaLeadsOf } from './labels';
import { m } from './msg';

/** What the conditions on sites are called, and what their codes say. */
const NAMES: Record<FilterKey, string> = {
  q: m('search'), station: m('station'), lead: m('area_lead'), state: m('state'), zone: m('zone'), activity: m('activity'), focal: m('focal'), source: m('source'), verdict: m('verdict'),
  severity: m('severity'), has_issue: m('has_issue'), ledger: m('ledger'), finding: m('findings'), bbox: m('place'),
};

function listOf(config: Config, key: string): readonly { code: string; label: string }[] {
  if (key === 'station') return config.stations.map((s) => ({ code: s.id, label: s.name }));
  if (key === 'lead') return areaLeadsOf(config);
  if (key === 'state') return config.states;
  if (key === 'zone') return config.zones;
  if (key === 'source') return config.sources;
  if (key === 'ledger') return config.ledgers.map((l) => ({ code: l.view, label: l.label }));
  return config.lists[key] ?? [];
}

/** The value of a condition in words; a number may ask for several codes at once, or for any. */
export function wordOf(config: Config, key: string, value: string): string {
  if (key === 'bbox') return m('map_extent');
  if (key === 'finding') return value === 'yes' ? m('with_finding') : m('without_finding');
  const list = listOf(config, key);
  const one = (code: string) => list.find((l) => l.code === code)?.label ?? (code === 'unknown' ? m('unknown') : code);
  if (key === 'q') return value;
  return key !== 'has_issue' && value === 'yes' ? m('any_of_them') : value.split(',').map(one).join('、');
}

/** All conditions as one line. */
export const describeFilters = (config: Config, filters: Filters): string =>
  (Object.entries(filters) as [FilterKey, string][]).map(([key, value]) => `${NAMES[key]}：${wordOf(config, key, value)}`).join('；');
