import type { FeatureCollection } from 'geojson';

import { Problem } from '@/api/client';
import type { Place, Staged } from '@/api/wire';
import { language } from '@/domain/msg';

import { t } from './msg';

/** The kinds of doubt, the most frequent first, each with a sentence that stands for it. */
export const codesOf = (staged: Staged): { code: string; count: number }[] =>
  Object.entries(staged.diagnostics.by_code).map(([code, count]) => ({ code, count })).sort((a, b) => b.count - a.count);

/** Where in the file: sheet or layer, then row and column or feature. */
export const placeText = (place: Place): string =>
  [place.sheet ?? place.layer, place.row != null ? t('at_row', { n: place.row }) : place.feature != null ? t('at_feature', { n: place.feature }) : '', place.column ? t('at_column', { c: place.column }) : ''].filter(Boolean).join(' · ');

/** What becomes of a row, and the colour it is drawn with; the word always stands beside it. */
export const FATES = ['new_site', 'linked', 'recorded', 'adopted', 'patrolled', 'doubtful', 'screened', 'same', 'refused'] as const;
type Fate = (typeof FATES)[number];
export const FATE_COLOURS: Record<string, string> = { new_site: '#1d6b3c', linked: '#0b5cad', recorded: '#00695c', adopted: '#4a148c', patrolled: '#31688e', doubtful: '#8a5300', screened: '#55606a', same: '#55606a', refused: '#b3261e' };
export const fateText = (fate: string): string => (FATES.includes(fate as Fate) ? t(fate as Fate) : fate);

/** Faults of a layer as a whole: its system is not said. */
export const UNPLACED = ['import.crs_missing', 'import.crs_unknown'];
/** Systems that files come in here; others are written as EPSG numbers. */
export const SYSTEMS = ['CGCS2000', 'WGS84', 'GCJ-02', 'BD-09', 'EPSG:4544', 'EPSG:4545', 'EPSG:4523', 'EPSG:4524'];

export const keyOfRow = (sheet: string | null | undefined, number: number): string => `${sheet ?? ''}#${number}`;

/** The shapes of the rows, each with its row and the colour of its fate; a shape without a row is a site that would be new. */
export function shapesByFate({ shapes, preview }: Staged): FeatureCollection {
  const rows = new Map(preview.rows.map((r) => [keyOfRow(r.sheet, r.number), r]));
  const byNumber = new Map(preview.rows.map((r) => [r.number, r]));
  const features = (shapes?.features ?? []).flatMap((feature) => {
    if (!feature.geometry) return [];
    const { number, sheet } = feature.properties ?? {};
    const row = rows.get(keyOfRow(sheet, number)) ?? byNumber.get(number);
    const id = row ? keyOfRow(row.sheet, row.number) : keyOfRow(sheet, number);
    return [{ ...feature, properties: { id, colour: FATE_COLOURS[row?.action ?? 'new_site'] ?? '#55606a' } }];
  });
  return { type: 'FeatureCollection', features };
}

/** Uploads with progress, which `fetch` does not tell. */
export function upload(url: string, file: File, csrf: string, onProgress: (share: number) => void): Promise<{ import_id: string }> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', url);
    request.setRequestHeader('X-CSRF-Token', csrf);
    request.setRequestHeader('Accept-Language', language);
    request.upload.onprogress = (e) => e.lengthComputable && onProgress(e.loaded / e.total);
    request.onerror = () => reject(new TypeError('network'));
    request.onload = () => {
      const body = JSON.parse(request.responseText || '{}');
      if (request.status < 300) resolve(body);
      else reject(new Problem(request.status, body.code ?? 'http', body.message ?? `${request.status}`, body.details ?? {}, body.request_id ?? ''));
    };
    const form = new FormData();
    form.append('file', file, file.name);
    request.send(form);
  });
}
