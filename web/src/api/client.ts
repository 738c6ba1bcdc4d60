/** The one door to the server: same origin, session cookie, CSRF header on writes, problems as errors. */
import { language } from '@/domain/msg';

const BASE = '/api/v1';

/** What the server says went wrong, with the code that names it. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: Record<string, unknown> = {},
    readonly requestId = '',
  ) {
    super(message);
  }
}

export type Query = Record<string, string | number | boolean | null | undefined>;

let csrfToken = '';
export const holdCsrfToken = (token: string): void => void (csrfToken = token);

const LINK_KEY = 'qingshan.link';
let link = sessionStorage.getItem(LINK_KEY) ?? '';
/** 外单位链接: the secret that stands for a session; kept for this window, forgotten with it. */
export function holdLink(secret: string): void {
  link = secret;
  if (secret) sessionStorage.setItem(LINK_KEY, secret);
  else sessionStorage.removeItem(LINK_KEY);
}
export const isByLink = (): boolean => link !== '';

let onSignedOut: () => void = () => undefined;
export const whenSignedOut = (act: () => void): void => void (onSignedOut = act);

let onConnection: (isUp: boolean) => void = () => undefined;
/** Tells whether the last request reached the server. */
export const whenConnectionTold = (act: (isUp: boolean) => void): void => void (onConnection = act);
const UNREACHED = new Set([502, 503, 504]);

async function reach(url: string, init: RequestInit = {}): Promise<Response> {
  try {
    const response = await fetch(url, init);
    onConnection(!UNREACHED.has(response.status));
    return response;
  } catch (problem) {
    if (problem instanceof TypeError) onConnection(false);
    throw problem;
  }
}

/** Asks whether the server is there again; the answer is told as every other. */
export const knock = (): Promise<unknown> => reach('/health', { cache: 'no-store' }).catch(() => undefined);

/** The address of a resource; empty values are left out. */
export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') search.set(key, String(value));
  }
  const text = search.toString();
  return `${BASE}${path}${text ? `?${text}` : ''}`;
}

async function problemOf(response: Response): Promise<Problem> {
  const body = await response.json().catch(() => ({}));
  const fallback = `${response.status} ${response.statusText}`;
  return new Problem(response.status, body.code ?? 'http', body.message ?? fallback, body.details ?? {}, body.request_id ?? '');
}

async function send(method: string, url: string, body?: unknown): Promise<Response> {
  const headers: Record<string, string> = { 'Accept-Language': language };
  if (link) headers.Authorization = `Bearer ${link}`;
  else if (method !== 'GET') headers['X-CSRF-Token'] = csrfToken;
  const isForm = body instanceof FormData;
  const isFile = body instanceof Blob;
  if (isFile) headers['Content-Type'] = body.type || 'application/octet-stream';
  else if (body !== undefined && !isForm) headers['Content-Type'] = 'application/json';
  const payload = body === undefined ? null : isForm || isFile ? body : JSON.stringify(body);
  const response = await reach(url, { method, headers, body: payload, credentials: link ? 'omit' : 'same-origin' });
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (problem.status === 401) holdLink('');
  if (problem.status === 401 && !url.endsWith('/session')) onSignedOut();
  throw problem;
}

async function json<T>(method: string, path: string, query?: Query, body?: unknown): Promise<T> {
  const response = await send(method, address(path, query), body);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export const text = async (path: string, query?: Query) => (await send('GET', address(path, query))).text();
export const blobOf = async (path: string, query?: Query) => (await send('GET', address(path, query))).blob();
export const get = <T>(path: string, query?: Query) => json<T>('GET', path, query);
export const post = <T>(path: string, body?: unknown, query?: Query) => json<T>('POST', path, query, body ?? {});
/** A file as the whole body, under a type of ours: the browser may not know its ending. */
export const postFile = <T>(path: string, file: Blob, type: string) => json<T>('POST', path, undefined, file.slice(0, file.size, type));
export const put = <T>(path: string, body?: unknown) => json<T>('PUT', path, undefined, body ?? {});
export const patch = <T>(path: string, body?: unknown) => json<T>('PATCH', path, undefined, body ?? {});
export const remove = <T>(path: string, body?: unknown) => json<T>('DELETE', path, undefined, body);

/** Fetches a file and hands it to the browser under the name the server gave it. */
export async function download(path: string, query?: Query): Promise<void> {
  const response = await send('GET', address(path, query));
  const named = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get('Content-Disposition') ?? '');
  saveBlob(await response.blob(), named?.[1] ? decodeURIComponent(named[1]) : 'qingshan');
}

export function saveBlob(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
