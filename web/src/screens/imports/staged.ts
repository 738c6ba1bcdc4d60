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
