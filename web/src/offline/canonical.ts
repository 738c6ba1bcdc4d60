/** Canonical JSON (RFC 8785), instants and ids, as the register writes them. */

/** The one text of a value: keys by UTF-16 code units, members without a value left out. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return scalar(value);
  const members = Object.entries(value).filter(([, v]) => v !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${members.map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join(',')}}`;
}

function scalar(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError('a number without a value has no canonical text');
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`${typeof value} has no canonical text`);
  return text;
}

const SURROGATES = /[\uD800-\uDBFF][\uDC00-\uDFFF]|[\uD800-\uDFFF]/g;

/** What a body may hold: nothing empty (the register leaves that out too) and no half characters. */
export function tidy<T>(value: T): T {
  if (typeof value === 'string') return value.replace(SURROGATES, (pair) => (pair.length === 2 ? pair : '\uFFFD')) as T;
  if (Array.isArray(value)) return value.map(tidy) as T;
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(([, v]) => v !== undefined && v !== null && !(Array.isArray(v) && v.length === 0));
  return Object.fromEntries(kept.map(([k, v]) => [k, tidy(v)])) as T;
}

/** An instant in UTC, without trailing zeros of the fraction. */
export const instant = (ms: number): string => new Date(ms).toISOString().replace(/\.(\d*?)0*Z$/, (_, digits: string) => (digits ? `.${digits}Z` : 'Z'));

const hex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
export const toHex = (bytes: ArrayBuffer): string => hex(new Uint8Array(bytes));

/** UUIDv7: ordered by the time of the phone, random otherwise. */
export function uuid(ms: number = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  new DataView(bytes.buffer).setUint16(0, Math.floor(ms / 2 ** 32) & 0xffff);
  new DataView(bytes.buffer).setUint32(2, ms % 2 ** 32);
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

export const randomHex = (bytes: number): string => hex(crypto.getRandomValues(new Uint8Array(bytes)));

export function base64url(bytes: ArrayBuffer | Uint8Array): string {
  let text = '';
  for (const b of bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes)) text += String.fromCharCode(b);
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
export const fromBase64url = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
export const base64 = (bytes: ArrayBuffer): string => btoa(Array.from(new Uint8Array(bytes), (b) => String.fromCharCode(b)).join(''));

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
export const sha256 = async (data: BufferSource): Promise<string> => toHex(await crypto.subtle.digest('SHA-256', data));
