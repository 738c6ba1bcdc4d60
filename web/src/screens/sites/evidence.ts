import { post } from '@/api/client';
import type { Evidence } from '@/api/wire';
import { day } from '@/domain/format';

import { pathOf } from './dossier';

/** Uploads files as evidence of a site, one entry each; answers with their names in the register. */
export async function uploadEvidence(code: string, files: Iterable<File>): Promise<string[]> {
  const hashes: string[] = [];
  for (const file of files) {
    const form = new FormData();
    form.append('file', file, file.name);
    hashes.push((await post<{ sha256: string }>(`${pathOf(code)}/evidence`, form)).sha256);
  }
  return hashes;
}

/** The day a picture was taken by its camera; where the camera wrote none, the day it was handed in. */
export const dayOf = (e: Evidence): string => (e.exif?.taken_at ? e.exif.taken_at.slice(0, 10).replaceAll(':', '-') : day(e.occurred_at));
