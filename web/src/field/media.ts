/** 照片与文件 — the camera's own bytes, hashed before anything else; whatever is drawn is drawn on a copy. */
import { bytes } from '@/domain/format';
import { captureNow } from '@/offline/capture';
import { keepBlob } from '@/offline/outbox';
import { hashOf } from '@/offline/pocket';
import type { PersonDb } from '@/offline/db';

import type { Shot } from './sheet';
import { tShots } from './shots-msg';

const THUMBNAIL = 320;
const BY_NAME: Record<string, string> = { heic: 'image/heic', heif: 'image/heif', jpg: 'image/jpeg', jpeg: 'image/jpeg', png: 'image/png', mov: 'video/quicktime', mp4: 'video/mp4', m4v: 'video/mp4', webm: 'video/webm', '3gp': 'video/3gpp', webp: 'image/webp', pdf: 'application/pdf', m4a: 'audio/mp4' };
/** What a camera says of its file; browsers that do not know HEIC say nothing, then its name tells. */
export const typeOf = (file: File): string => (file.type || BY_NAME[file.name.split('.').pop()?.toLowerCase() ?? ''] || 'application/octet-stream').split(';')[0]!;

/** A small picture for lists; nothing where the browser cannot read the format. */
export async function thumbnailOf(data: Blob): Promise<Blob | undefined> {
  try {
    const image = await createImageBitmap(data);
    const scale = Math.min(1, THUMBNAIL / Math.max(image.width, image.height));
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [Math.max(1, Math.round(image.width * scale)), Math.max(1, Math.round(image.height * scale))];
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    image.close();
    return await new Promise((done) => canvas.toBlob((blob) => done(blob ?? undefined), 'image/jpeg', 0.7));
  } catch {
    return undefined;
  }
}

/** What the register takes of one file (`field.file_too_large`). */
const LARGEST = 1 << 30;
/** More than a phone should hold at once only to hash it. */
const LARGE = 32 << 20;
/** The hash of a long video, piece by piece; where the engine is not there, it is hashed whole like any file. */
const hashOfLarge = (file: File): Promise<string | undefined> =>
  file.size > LARGE ? hashOf(file).catch((problem) => void console.warn(problem)) as Promise<string | undefined> : Promise.resolve(undefined);

/** Hash, position of the moment, the row in the store; then the thumbnail. */
export async function takeFile(db: PersonDb, file: File, view: string, draft_id: string, extra: Partial<Shot> = {}): Promise<Shot> {
  const capture = captureNow();
  if (file.size > LARGEST) throw new Error(tShots('too_large', { name: file.name, size: bytes(file.size) }));
  if (file.size === 0) throw new Error(tShots('empty', { name: file.name }));
  const media_type = typeOf(file);
  const row = await keepBlob(db, file, { media_type, file_name: file.name || `${view}.bin`, draft_id, sha256: await hashOfLarge(file) });
  if (media_type.startsWith('image/')) {
    const thumbnail = await thumbnailOf(file);
    if (thumbnail) await db.thumbnails.put({ sha256: row.sha256, data: thumbnail });
  }
  return { view, sha256: row.sha256, size: row.size, file_name: row.file_name, media_type: row.media_type, capture, ...extra };
}
