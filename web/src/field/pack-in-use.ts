/** 在用的离线包 — parts a screen works with, read once and kept while the pack stays. */
import type { Code, FieldForms, FieldSite } from '@/api/field';
import { currentPack, partOf, requiredShots, type PackParts } from '@/offline/pack';

import { me } from './phone';

export interface Ground { sites: FieldSite[]; sheets: PackParts['sheets']['items']; zones: PackParts['zones'] | null; forms: FieldForms | null; version: string | null; boundary: string | null }
let kept: { key: string; ground: Ground } | null = null;

export async function ground(): Promise<Ground> {
  const { db, who } = me();
  const manifest = await currentPack(db);
  const key = `${who.person_id} ${manifest?.version}`;
  if (kept?.key === key) return kept.ground;
  const [sites, sheets, zones, forms] = await Promise.all([partOf(db, 'sites'), partOf(db, 'sheets'), partOf(db, 'zones'), partOf(db, 'forms')]);
  const found = { sites: sites?.items ?? [], sheets: sheets?.items ?? [], zones, forms, version: manifest?.version ?? null, boundary: manifest?.rules.boundary_version ?? null };
  kept = { key, ground: found };
  return found;
}
export const codes = (forms: FieldForms | null, list: string): Code[] => forms?.lists[list] ?? [];
export const labelOf = (forms: FieldForms | null, list: string, code: string | undefined): string => codes(forms, list).find((c) => c.code === code)?.label ?? code ?? '';
export { requiredShots };
