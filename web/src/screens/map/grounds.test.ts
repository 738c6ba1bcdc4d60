import { describe, expect, it } from 'vitest';

import { keepSwitchedOff, switchedOff } from './grounds';

describe('background layers switched off at a desk', () => {
  const held = new Map<string, string>();
  const store = { getItem: (k: string) => held.get(k) ?? null, setItem: (k: string, v: string) => void held.set(k, v) };

  it('are remembered, and nothing is off before anybody chose', () => {
    expect(switchedOff(store)).toEqual([]);
    keepSwitchedOff(['roads'], store);
    expect(switchedOff(store)).toEqual(['roads']);
  });

  it('are forgotten where what is kept cannot be read', () => {
    for (const broken of ['{', '"roads"', '[1, null]']) {
      held.set('qingshan.grounds-off', broken);
      expect(switchedOff(store)).toEqual([]);
    }
  });
});
