import { expect, test } from 'vitest';

import { isShown, presetsOf, savedOf, withView } from './views';

const milestone = (id: string, due_on: string, ledgers: string[]) => ({ id, name: id, due_on, text: '', duty: [], ledgers });

test('a milestone asks for its ledgers as of its day, and for today’s before it', () => {
  const config = { milestones: [milestone('站', '2019-08-18', ['sites']), milestone('局', '2030-01-01', ['sites', 'focal']), milestone('督察', '2019-08-29', [])] };
  expect(presetsOf(config, 'sites', '2026-11-01')).toEqual([
    { name: '站', path: '/ledgers/sites', query: { as_of: '2019-08-18' } },
    { name: '局', path: '/ledgers/sites', query: {} },
  ]);
});

test('a view is replaced under its name, and known by its address', () => {
  const query = { station: 'houhe', sort: '-area_m2' };
  const views = withView(withView([], '后河', '/ledgers/focal', {}), '后河', '/ledgers/focal', query);
  expect(savedOf({ views })).toEqual([{ name: '后河', path: '/ledgers/focal', query }]);
  expect(savedOf({})).toEqual([]);
  expect(isShown(views[0]!, '/ledgers/focal', query)).toBe(true);
  expect(isShown(views[0]!, '/ledgers/focal', { station: 'houhe' })).toBe(false);
});

test('what is not a view is left out', () => {
  expect(savedOf({ views: [{ name: 'x', path: 'https://elsewhere', query: {} }, 3] })).toEqual([]);
  expect(savedOf({ views: 'x' })).toEqual([]);
});
