import { expect, test, vi } from 'vitest';

import type { Making, Sheet, Shot } from './sheet';

vi.stubGlobal('localStorage', { getItem: () => null });
const { actOf, emptySheet, lacksOf, reused, signedText } = await import('./sheet');
const { bearing, directionWord, distanceToSite, isInside, zoneAt } = await import('./place');

const square = { type: 'Polygon' as const, coordinates: [[[106.53, 35.55], [106.532, 35.55], [106.532, 35.552], [106.53, 35.552], [106.53, 35.55]]] };
const site = { site_id: 's', site_code: 'HH-1', state: 'awaiting_verification', version: 17, facts: {}, shape: square };
const shot = (view: string): Shot => ({ view, sha256: view.padEnd(64, '0'), size: 9, file_name: `${view}.jpg`, media_type: 'image/jpeg', capture: { at: '2026-11-26T05:58:20.1Z' } });
const making: Making = { site, day: '2026-11-26', unit: '后河保护站', name: '', app_version: '1', was_offline: true, labels: { verification: '核查', shot: (v) => v } };
const full = (): Sheet => ({ ...emptySheet('s', '甲'), position: { at: '2026-11-26T06:00:00Z', lon: 106.531, lat: 35.551, accuracy_m: 6 }, shots: [shot('far'), shot('near')], conclusion: 'issue_violation', team: ['甲', '乙'] });

test('a sheet says what it lacks, and nothing when whole', () => {
  expect(lacksOf(emptySheet('s', '甲'), site, ['far', 'near'])).toEqual(['position', 'shots', 'conclusion', 'team']);
  expect(lacksOf(full(), site, ['far', 'near'])).toEqual([]);
  expect(lacksOf(full(), site, ['far', 'near', 'north'])).toEqual(['shots']);
  expect(lacksOf({ ...full(), party: { state: 'refused' } }, site, [])).toEqual(['party']);
});

test('far from the patch a reason is asked for; what could not be checked needs neither photos nor conclusion', () => {
  const away = { ...full(), position: { at: 'x', lon: 106.534, lat: 35.551, accuracy_m: 6 } };
  expect(lacksOf(away, site, [])).toEqual(['outside']);
  expect(lacksOf({ ...away, outside_reason: '隔河' }, site, [])).toEqual([]);
  expect(lacksOf({ ...full(), shots: [], conclusion: undefined, is_unverified: true, unverified_reason: 'locked' }, site, ['far', 'near'])).toEqual([]);
});

test('photos come before the verification that names them', () => {
  const act = actOf(full(), making, 'd');
  expect(act.entries.map((e) => e.kind)).toEqual(['evidence.recorded', 'evidence.recorded', 'verification.recorded']);
  const body = act.entries[2]!.body as { evidence: string[]; distance_to_site_m: number; conclusion: string };
  expect([body.evidence.length, body.distance_to_site_m, body.conclusion]).toEqual([2, 0, 'issue_violation']);
  expect(act.entries[2]!.blobs).toEqual(body.evidence);
});

test('what the party signs changes with every photo, word and person', () => {
  const texts = [full(), { ...full(), condition_text: '堆料' }, { ...full(), shots: [shot('far')] }, { ...full(), team: ['甲', '丙'] }].map((s) => signedText(s, site, '2026-11-26'));
  expect(new Set(texts).size).toBe(4);
});

test('a reused sheet takes neither place, nor photos, nor signature along', () => {
  const next = reused({ ...full(), party: { state: 'signed', signature: shot('signature') } }, 't');
  expect([next.site_id, next.shots, next.position, next.party, next.conclusion]).toEqual(['t', [], undefined, undefined, 'issue_violation']);
});

test('inside is 0 m; outside is the way to the edge', () => {
  expect(isInside(square, { lon: 106.531, lat: 35.551 })).toBe(true);
  expect(distanceToSite(site, { lon: 106.531, lat: 35.551 })).toBe(0);
  expect(distanceToSite(site, { lon: 106.531, lat: 35.549 })).toBeCloseTo(111, -1);
  expect(directionWord(bearing({ lon: 106, lat: 35 }, { lon: 106.1, lat: 35.1 }))).toBe('东北');
  expect(zoneAt([{ zone_kind: 'core', name: '核心区', shape: square }], { lon: 106.531, lat: 35.551 })).toMatchObject({ zone_kind: 'core', border_m: null });
});
