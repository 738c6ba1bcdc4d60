import { describe, expect, it } from 'vitest';

import { Windows, windowsOf } from './windows';

describe('windows of rows', () => {
  it('covers the lines in view, and nothing beyond the end', () => {
    expect(windowsOf(0, 40, 100_000)).toEqual([0]);
    expect(windowsOf(480, 520, 100_000)).toEqual([0, 500]);
    expect(windowsOf(99_980, 100_050, 100_000)).toEqual([99_500]);
    expect(windowsOf(0, 30, 0)).toEqual([0]);
  });
  it('asks for each window once, until it is forgotten', () => {
    const windows = new Windows();
    expect(windows.missing([0, 500])).toEqual([0, 500]);
    expect(windows.missing([0, 500, 1000])).toEqual([1000]);
    windows.forget(500);
    expect(windows.missing([500])).toEqual([500]);
  });
});
