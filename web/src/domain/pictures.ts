import type { Evidence } from '@/api/wire';

/** Whether a file of evidence can be shown as a picture. */
export const isPicture = (e: Evidence): boolean => /\.(jpe?g|png|webp)$/i.test(e.file_name ?? '') || e.kind.includes('photo');
