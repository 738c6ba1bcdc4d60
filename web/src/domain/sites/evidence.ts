import { post } from '@/api/client';
import type { Evidence, EvidenceAdded } from '@/api/wire';
import { day } from '@/domain/format';

import { pathOf } from './dossier';

/** Uploads files as evidence of a site, one entry each; answers with what was taken in. */
export async function uploadEvidence(code: string, files: Iterable<File>): Promise<Evidence[]> {
  const added: Evidence[] = [];
  for (const file of files) {
    const form = new FormData();
    form.append('file', file, file.name);
    const { receipt, ...told } = await post<EvidenceAdded>(`${pathOf(code)}/evidence`, form);
    const kind = /^image\/(?!svg)/.test(told.media_type) ? 'photo' : 'document';
    added.push({ ...told, kind, file_name: file.name, occurred_at: receipt.recorded_at });
  }
  return added;
}

/** The day a picture was taken by its camera; where the camera wrote none, the day it was handed in. */
export const dayOf = (e: Evidence): string => (e.exif?.taken_at ? e.exif.taken_at.slice(0, 10).replaceAll(':', '-') : day(e.occurred_at));
