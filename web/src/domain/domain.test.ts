import { describe, expect, it, vi } from 'vitest';

vi.hoisted(() => {
  globalThis.localStorage = { getItem: () => null, setItem: () => undefined } as unknown as Storage;
});

import { area, bytes, day, dms, moment } from './format';
import { filtersOf, queryOf } from './filters';
import { memberWord } from './issues/act-msg';
import { daysLeft, lightOf } from './milestones';
import { words } from './msg';
import { stateSymbol, turnSymbol } from './symbols';

describe('how things are written', () => {
  it('gives areas in square metres, hectares and mu', () => {
    expect(area(10_000)).toBe('10,000.0 平方米（1.0000 公顷，15.00 亩）');
    expect(area(null)).toBe('');
  });
  it('carries minutes and seconds over', () => {
    expect(dms(106.999999, 'E', 'W')).toBe('107°00′00.0″E');
    expect(dms(-35.5, 'N', 'S')).toBe('35°30′00.0″S');
  });
  it('takes days in China, not where the browser is', () => {
    expect(day('2019-08-18T16:30:00Z')).toBe('2019-08-19');
    expect(moment('2019-08-18T16:30:00Z')).toBe('2019-08-19 00:30');
    expect(moment('2019-08-18')).toBe('2019-08-18');
  });
  it('writes sizes', () => {
    expect([bytes(12), bytes(2048), bytes(3 * 1024 * 1024)]).toEqual(['12 B', '2.0 KB', '3.0 MB']);
  });
});

describe('members of an entry', () => {
  it('are called as the papers call them, of a measure with its number', () => {
    expect([memberWord('opinion'), memberWord('measures.3.text'), memberWord('unheard_of')]).toEqual(['意见', '各项措施完成情况 3', 'unheard_of']);
  });
});

describe('conditions in the address', () => {
  it('takes only the shared ones', () => {
    expect(filtersOf({ zone: 'core', layers: 'sites', station: '', q: '采石' })).toEqual({ zone: 'core', q: '采石' });
  });
  it('reads a query the server wrote', () => {
    expect(queryOf('/sites?zone=core&state=no_issue')).toEqual({ zone: 'core', state: 'no_issue' });
  });
});

describe('deadlines', () => {
  it('turn amber at fifteen days and red the day after', () => {
    expect([16, 15, 0, -1].map(lightOf)).toEqual(['green', 'amber', 'amber', 'red']);
    expect(daysLeft('2019-08-19', '2019-08-18')).toBe(1);
  });
});

describe('symbols', () => {
  it('keep fourteen types apart by colour and shape together', () => {
    const seen = new Set(Array.from({ length: 14 }, (_, i) => turnSymbol(i)).map((s) => `${s.colour} ${s.shape}`));
    expect(seen.size).toBe(14);
  });
  it('never rest on colour alone for the states of a site', () => {
    const states = ['awaiting_verification', 'in_verification', 'no_issue', 'verified_with_issue', 'characterized'];
    expect(new Set(states.map((s) => stateSymbol(s).shape)).size).toBe(5);
  });
});

describe('texts', () => {
  const t = words({ n: ['共 {n} 行', '{n} rows'] });
  it('put values in their places and leave unknown ones standing', () => {
    expect(t('n', { n: 3 })).toBe('共 3 行');
    expect(t('n')).toBe('共 {n} 行');
  });
});
