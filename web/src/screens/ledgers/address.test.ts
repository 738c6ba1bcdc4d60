import { expect, test, vi } from 'vitest';

vi.hoisted(() => {
  globalThis.localStorage = { getItem: () => null, setItem: () => undefined } as unknown as Storage;
});

import { columnFiltersOf, conditionOf } from './address';

const words = { stations: [{ id: 'houhe', name: '后河保护站', code: 'HH' }], zones: [{ code: 'core', label: '核心区', colour: '' }], lists: { activity: [{ code: 'A04', label: '采石场' }] } };

test('a group opens by a condition where its column has one, else by the text of its cells', () => {
  expect(conditionOf('station', '后河保护站', words)).toEqual({ station: 'houhe' });
  expect(conditionOf('zone_label', '', words)).toEqual({ zone: 'unknown' });
  expect(conditionOf('zone_label', '核心区、缓冲区', words)).toEqual({ 'filter.zone_label': '核心区、缓冲区' });
  expect(conditionOf('township', '麻武乡', words)).toEqual({ 'filter.township': '麻武乡' });
  expect(conditionOf('township', '', words)).toBeNull();
});

test('column filters stand in the address by the names of their columns', () => {
  expect(columnFiltersOf({ 'filter.village': '峡口', station: 'houhe', 'filter.note': ['a', 'b'] })).toEqual({ village: '峡口' });
});
