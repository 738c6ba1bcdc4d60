/** 带水印副本 — a copy of a photo for showing and passing on; the original is only read, never changed or named again. */
import { day } from './format';

/** What stands on the copy; `sha256` is the hash of the original. */
export interface Marked { code: string; title?: string; at?: string; lon?: number; lat?: number; accuracy_m?: number; azimuth_deg?: number; by?: string; sha256: string }
/** The words of the line that says it is a copy. */
export interface CopyWords { copy: string; original: string; no_position: string }

const HASH_SHOWN = 16;
/** Day and second in UTC+8; a camera's local time is kept as it wrote it. */
const second = (at: string): string => {
  if (!/[zZ]$|[+-]\d\d:?\d\d$/.test(at)) return at.replace('T', ' ').replace(/^(\d{4}):(\d\d):/, '$1-$2-');
  return `${day(at)} ${new Date(at).toLocaleTimeString('en-GB', { timeZone: 'Asia/Shanghai' })}`;
};

export function linesOf(m: Marked, words: CopyWords): string[] {
  const place = m.lon === undefined || m.lat === undefined ? words.no_position : `${m.lon.toFixed(6)}, ${m.lat.toFixed(6)}${m.accuracy_m === undefined ? '' : ` ±${Math.round(m.accuracy_m)} m`}${m.azimuth_deg === undefined ? '' : ` · ${Math.round(m.azimuth_deg)}°`}`;
  return [[m.code, m.title].filter(Boolean).join(' '), [m.at && second(m.at), m.by].filter(Boolean).join(' · '), place, `${words.copy} · ${words.original} SHA-256 ${m.sha256.slice(0, HASH_SHOWN)}…`].filter(Boolean);
}
/** `HH-1_far_20261126-135820_水印副本.jpg`: never the name of the original. */
export function copyName(m: Marked, view: string, word: string): string {
  const when = m.at ? second(m.at).replaceAll(/[-:]/g, '').replace(' ', '-').slice(0, 15) : m.sha256.slice(0, 8);
  return [m.code, view, when, word].filter(Boolean).join('_').replaceAll(/[\\/:*?"<>|\s]+/g, '-') + '.jpg';
}

/** Larger than this some phones draw nothing at all. */
const LONGEST = 4096;
const FONT = 'system-ui, "PingFang SC", "HarmonyOS Sans SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
const JPEG_QUALITY = 0.88;
/** The longest text that fits, ended by a dot of three. */
function fitted(pen: CanvasRenderingContext2D, text: string, width: number): string {
  if (pen.measureText(text).width <= width) return text;
  let end = text.length;
  while (end > 1 && pen.measureText(`${text.slice(0, end)}…`).width > width) end -= 1;
  return `${text.slice(0, end)}…`;
}
/** Draws the lines upon a JPEG copy; fails where the browser cannot read the format. */
export async function watermarked(original: Blob, lines: readonly string[]): Promise<Blob> {
  const image = await createImageBitmap(original);
  const scale = Math.min(1, LONGEST / Math.max(image.width, image.height));
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [Math.max(1, Math.round(image.width * scale)), Math.max(1, Math.round(image.height * scale))];
  const pen = canvas.getContext('2d')!;
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  const size = Math.max(14, Math.round(Math.min(canvas.width, canvas.height * 1.4) / 36));
  const [pad, step] = [size * 0.7, size * 1.45];
  const top = canvas.height - step * lines.length - pad;
  pen.font = `${size}px ${FONT}`;
  pen.textBaseline = 'top';
  pen.fillStyle = 'rgba(0,0,0,.62)';
  pen.fillRect(0, top, canvas.width, canvas.height - top);
  pen.fillStyle = '#fff';
  for (const [i, line] of lines.entries()) pen.fillText(fitted(pen, line, canvas.width - 2 * pad), pad, top + pad * 0.6 + step * i);
  return new Promise((done, fail) => canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error('no copy was made'))), 'image/jpeg', JPEG_QUALITY));
}
