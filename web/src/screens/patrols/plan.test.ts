import { expect, test } from 'vitest';

import { roundOf, sent } from './plan';

const off = {
  key_point: { point: { site_id: '0190', name: '采石场', lon: 106.5, lat: 35.5, reason: 'unfinished_issue' }, site_code: 'LD-1', name: '采石场', reason_label: '未完成问题', passed_on: '2026-11-02' },
  nearest_route_id: 'R1', nearest_route_name: '东沟', distance_m: 640, text: '不在任何路线上',
};

test('a place on no route gets a round of its own, and only what a plan holds is sent', () => {
  const round = roundOf(off);
  expect(round.key_points[0]?.passed_on).toBeNull();
  expect(sent(3, [round], '  ')).toEqual({
    based_on: 3, note: undefined,
    rounds: [{ route_id: undefined, kind: 'inspection', times: 1, posts: [], on: undefined, key_points: [off.key_point.point] }],
  });
});
