import { describe, expect, it } from 'vitest';

import type { CrossFigure, Ratio, StatTable } from '@/api/wire';

import { crossed } from './cross';
import { sitesOf } from './ratios';

const cell = (activity: string, zone: string, state: string, count: number): CrossFigure => ({
  activity, activity_label: activity, zone, zone_label: zone, state, state_label: state, count, area_m2: 0,
  query: `activity=${activity}&zone=${zone}&state=${state}&ledger=sites&station=houhe`,
});

const zone = (code: string) => ({ code, label: code, colour: '' });
const state = (code: string) => ({ code, label: code, counts: true });

describe('the cross table', () => {
  const table = crossed([cell('A04', 'core', 'no_issue', 2), cell('A04', 'buffer', 'no_issue', 3), cell('A08', 'core', 'excluded', 1)], { zones: [zone('core'), zone('buffer')], states: [state('excluded'), state('no_issue')], lists: {} });
  it('draws of every zone the states it has', () => {
    expect(table.kinds.map((k) => k.code)).toEqual(['A04', 'A08']);
    expect(table.zones.map((z) => [z.code, z.states.map((s) => s.code)])).toEqual([['core', ['excluded', 'no_issue']], ['buffer', ['no_issue']]]);
  });
  it('lists of a sum what the sum counts, within the same scope', () => {
    expect(table.sum({ activity: 'A04' })).toEqual({ count: 5, query: 'activity=A04&ledger=sites&station=houhe' });
    expect(table.sum({})).toEqual({ count: 6, query: 'ledger=sites&station=houhe' });
    expect(table.sum({ activity: 'A08', zone: 'buffer' })).toBeUndefined();
  });
});

describe('the sites of a ratio', () => {
  const table = (id: string, codes: string[]): StatTable => ({ id, title: '', basis: '', dimensions: [], dimension_labels: [], rows: [{ keys: [], labels: [], count: codes.length, area_m2: 0, site_codes: codes }] });
  const tables = [table('carried_over_by_determination', ['a', 'b', 'c', 'b']), table('focal_by_category_state', ['b', 'c', 'd'])];
  const ratio: Ratio = { id: 'focal_completion_rate', title: '', basis: '', numerator: 1, denominator: 2, open_site_codes: ['c'] };
  it('are those that stand in all of its tables', () => expect(sitesOf(ratio, tables)).toEqual({ numerator: ['b'], denominator: ['b', 'c'] }));
  it('are not told where the count differs', () => expect(sitesOf({ ...ratio, denominator: 3 }, tables)).toBeNull());
});
