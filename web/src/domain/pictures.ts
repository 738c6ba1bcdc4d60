import type { Evidence } from '@/api/wire';

/** What is known of a file wherever the desk shows one. */
export interface ShownFile { sha256: string; file_name?: string | null; media_type?: string | null; kind?: string; size_bytes?: number | null; at?: string; lon?: number | null; lat?: number | null; azimuth_deg?: number | null }

/** Whether a file of evidence is a photo; HEIC is one, though no small picture can be drawn of it. */
export const isPicture = (e: Pick<Evidence, 'file_name' | 'kind'>): boolean => /\.(jpe?g|png|webp|heic|heif)$/i.test(e.file_name ?? '') || e.kind.includes('photo');
/** Whether the register makes small pictures of it, and browsers show it. */
export const isDrawn = (f: ShownFile): boolean => (f.media_type ? /^image\/(jpeg|png|webp|gif)$/.test(f.media_type) : /\.(jpe?g|png|webp|gif)$/i.test(f.file_name ?? '') || (f.kind?.includes('photo') ?? false));
/** Whether the register hands it out as a film (`app::evidence::is_shown`); others are saved. */
export const isFilm = (f: ShownFile): boolean => f.media_type === 'video/mp4';

export const asShown = (e: Evidence): ShownFile => ({ ...e, at: e.exif?.taken_at ?? e.occurred_at, lon: e.exif?.lon, lat: e.exif?.lat, azimuth_deg: e.exif?.azimuth_deg });
