import type { FeatureCollection } from 'geojson';

import { language } from '@/domain/msg';
import { Problem } from '@/api/client';

/** 导入批次 — a file on its way in: what it says, what is doubtful, what would become of each row. */
export interface Place { file_name?: string; sheet?: string | null; layer?: string | null; row?: number | null; column?: string | null; feature?: number | null }
export interface Diagnostic { severity: string; place: Place; code: string; message: string; hint?: string | null; repair?: string | null }

export interface Staged {
  import_id: string;
  state: string;
  kind: string;
  file: string;
  size_bytes: number;
  sha256: string;
  records: number;
  mapping: { column: string; title: string; field?: string | null; confidence: number }[];
  fields: { key: string; label: string }[];
  diagnostics: { total: number; by_code: Record<string, number>; by_severity: Record<string, number>; items: Diagnostic[] };
  preview: { counts: Record<string, number>; row_count: number; rows: PreviewRow[] };
  shapes?: FeatureCollection | null;
  entries: number;
}

export interface PreviewRow { number: number; sheet?: string | null; title: string; action: string; site_code?: string | null; rule?: string | null; candidates: string[] }

/** The kinds of doubt, the most frequent first, each with a sentence that stands for it. */
export const codesOf = (staged: Staged): { code: string; count: number }[] =>
  Object.entries(staged.diagnostics.by_code).map(([code, count]) => ({ code, count })).sort((a, b) => b.count - a.count);

/** Where in the file: sheet or layer, then row and column or feature. */
export const placeText = (place: Place): string =>
  [place.sheet ?? place.layer, place.row != null ? `${place.row}` : place.feature != null ? `#${place.feature}` : '', place.column].filter(Boolean).join(' · ');

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
