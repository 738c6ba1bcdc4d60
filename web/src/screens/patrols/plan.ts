import type { OffRoute, PlanRound } from '@/api/patrols';

/** A round of its own for a place that no route passes. */
export const roundOf = (off: OffRoute): PlanRound => ({
  route_id: null, route_name: null, route_m: null, kind: 'inspection', kind_label: '', times: 1, posts: [], on: null,
  key_points: [{ ...off.key_point, passed_on: null }], done: 0, by_week: [0, 0, 0, 0, 0],
});

/** What an adoption says: of rounds only what a plan holds, nothing of what is shown beside it. */
export const sent = (based_on: number, rounds: readonly PlanRound[], note: string) => ({
  based_on,
  note: note.trim() || undefined,
  rounds: rounds.map((r) => ({ route_id: r.route_id ?? undefined, kind: r.kind, times: r.times, posts: r.posts, on: r.on ?? undefined, key_points: r.key_points.map((p) => p.point) })),
});
