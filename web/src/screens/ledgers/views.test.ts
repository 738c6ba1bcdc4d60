import { beforeEach, expect, test, vi } from 'vitest';

import { isShown, keep, presetsOf, savedOf, withView } from './views';

const milestone = (id: string, due_on: string, ledgers: string[]) => ({ id, name: id, due_on, text: '', duty: [], ledgers });

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', { getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => void kept.set(k, v) });
});

test('a milestone asks for its ledgers as of its day, and for today’s before it', () => {
  const config = { milestones: [milestone('站', '2019-08-18', ['sites']), milestone('局', '2030-01-01', ['sites', 'focal']), milestone('督察', '2019-08-29', [])] };
  expect(presetsOf(config, 'sites', '2026-11-01')).toEqual([
    { name: '站', path: '/ledgers/sites', query: { as_of: '2019-08-18' } },
    { name: '局', path: '/ledgers/sites', query: {} },
  ]);
});

test('a view is kept for its person, replaced under its name, and known by its address', () => {
  const query = { station: 'houhe', sort: '-area_m2' };
  keep('甲', withView(withView([], '后河', '/ledgers/focal', {}), '后河', '/ledgers/focal', query));
  expect(savedOf('甲')).toEqual([{ name: '后河', path: '/ledgers/focal', query }]);
  expect(savedOf('乙')).toEqual([]);
  expect(isShown(savedOf('甲')[0]!, '/ledgers/focal', query)).toBe(true);
  expect(isShown(savedOf('甲')[0]!, '/ledgers/focal', { station: 'houhe' })).toBe(false);
});

test('what is not a view is left out', () => {
  localStorage.setItem('qingshan.views.甲', '[{"name":"x","path":"https://elsewhere","query":{}},3]');
  expect(savedOf('甲')).toEqual([]);
});
