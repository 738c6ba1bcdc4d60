import { expect, test } from 'vitest';

import { canonical, instant, tidy, uuid } from './canonical';

test('keys stand in the order of their code units and nothing is between', () => {
  expect(canonical({ b: 1, a: [true, null, 'é\n'], '\u20ac': 1e21, A: { z: undefined, y: -0 } })).toBe('{"A":{"y":0},"a":[true,null,"é\\n"],"b":1,"€":1e+21}');
  expect(() => canonical({ n: Number.NaN })).toThrow();
});

test('instants carry no zeros at the end of their fraction', () => {
  expect([0, 120, 5, 600_000].map(instant)).toEqual(['1970-01-01T00:00:00Z', '1970-01-01T00:00:00.12Z', '1970-01-01T00:00:00.005Z', '1970-01-01T00:10:00Z']);
});

test('what is empty is left out, what is false or zero is not, half characters are replaced', () => {
  expect(tidy({ a: null, b: undefined, c: [], d: 0, e: false, f: {}, g: ['\ud83d', '😀'] })).toEqual({ d: 0, e: false, f: {}, g: ['\ufffd', '😀'] });
});

test('ids rise with time and name their version', () => {
  const [a, b] = [uuid(1_000_000_000_000), uuid(1_764_139_103_120)];
  expect(a < b).toBe(true);
  expect(b).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
