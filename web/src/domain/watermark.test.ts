import { expect, test, vi } from 'vitest';

vi.stubGlobal('localStorage', { getItem: () => null });
const { copyName, linesOf } = await import('./watermark');

const words = { copy: '水印副本，非原件', original: '原件', no_position: '无位置' };
const marked = { code: 'HH-1', title: '采石场 远景', at: '2026-11-26T05:58:20.100Z', lon: 106.531, lat: 35.551, accuracy_m: 6.2, azimuth_deg: 271, by: '护林员·后河 · 后河保护站', sha256: 'ab'.repeat(32) };

test('a copy says where, when, by whom, and of which original', () => {
  expect(linesOf(marked, words)).toEqual(['HH-1 采石场 远景', '2026-11-26 13:58:20 · 护林员·后河 · 后河保护站', '106.531000, 35.551000 ±6 m · 271°', '水印副本，非原件 · 原件 SHA-256 abababababababab…']);
  expect(linesOf({ code: 'HH-1', sha256: 'cd'.repeat(32) }, words)).toEqual(['HH-1', '无位置', '水印副本，非原件 · 原件 SHA-256 cdcdcdcdcdcdcdcd…']);
});

test('the time a camera wrote has no zone and is kept', () => {
  expect(linesOf({ ...marked, at: '2026:11:26 13:58:20' }, words)[1]).toBe('2026-11-26 13:58:20 · 护林员·后河 · 后河保护站');
});

test('a copy is named as one, without what no file system takes', () => {
  expect(copyName(marked, '远景', '水印副本')).toBe('HH-1_远景_20261126-135820_水印副本.jpg');
  expect(copyName({ ...marked, code: 'A/B 1', at: undefined }, '', '水印副本')).toBe('A-B-1_abababab_水印副本.jpg');
});
