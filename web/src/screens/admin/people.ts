import type { Post } from '@/api/wire';

export interface PostDraft { post_id?: number; role: string; station_id: string | null; from_on: string | null; to_on: string | null }

const STATION_ROLES = new Set(['ranger', 'station_head', 'area_lead']);
export const needsStation = (role: string): boolean => STATION_ROLES.has(role);

export const draftOf = (post: Post): PostDraft => ({
  post_id: post.post_id,
  role: post.role,
  station_id: post.station_id ?? null,
  from_on: post.from_on ?? null,
  to_on: post.to_on ?? null,
});
