/** 文件种类 — how a file is shown; pictures that no browser of the country draws are files with a name. */
export type FileKind = 'picture' | 'video' | 'sound' | 'file';
export const ICONS: Record<FileKind, string> = { picture: '▣', video: '▶', sound: '♪', file: '▤' };

export const kindOf = (media_type: string): FileKind => (media_type.startsWith('image/') ? 'picture' : media_type.startsWith('video/') ? 'video' : media_type.startsWith('audio/') ? 'sound' : 'file');

/** Named one by one: Safari makes a JPEG of its own out of a HEIC that is not asked for. */
export const PICTURES = 'image/*,image/jpeg,image/png,image/heic,image/heif';
export const FILMS = 'video/*,video/mp4,video/quicktime,video/webm';
