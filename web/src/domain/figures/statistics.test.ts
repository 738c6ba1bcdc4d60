import { describe, expect, it, vi } from 'vitest';

vi.hoisted(() => {
  globalThis.localStorage = { getItem: () => null, setItem: () => undefined } as unknown as Storage;
});

import type { StatTable } from '@/api/wire';

import { chartOf } from './statistics';

const table: StatTable = {
  id: 't', title: '表', basis: '', dimensions: ['activity', 'zone', 'station'], dimension_labels: [],
  rows: [
    { keys: [], labels: ['采石', '核心区', '后河'], count: 2, area_m2: 0, site_codes: ['a', 'b'] },
    { keys: [], labels: ['采石', '核心区', '麻武'], count: 1, area_m2: 0, site_codes: ['c'] },
    { keys: [], labels: ['道路', '实验区', '后河'], count: 4, area_m2: 0, site_codes: ['d', 'e', 'f', 'g'] },
  ],
};

describe('a statistics table as a chart', () => {
  it('sums what is neither side nor part, and loses nothing', () => {
    const chart = chartOf(table);
    expect(chart.categories).toEqual(['采石', '道路']);
    expect(chart.series).toEqual([{ name: '核心区', values: [3, 0] }, { name: '实验区', values: [0, 4] }]);
    expect(chart.codes[0]?.[0]).toEqual(['a', 'b', 'c']);
  });
  it('draws one dimension as plain bars', () => {
    const chart = chartOf({ ...table, dimensions: ['activity'] });
    expect(chart.series).toEqual([{ name: '表', values: [3, 4] }]);
  });
});
