/** The phone's own door: bearer token, time limits, problems with codes. The service worker goes through it as well. */

/** 够不着 — no answer came; the same request may be sent again at will. */
export class Unreached extends Error {}
/** The server said no, in a sentence. */
export class Refusal extends Error {
  constructor(readonly status: number, readonly code: string, message: string, readonly details: Record<string, unknown>, readonly headers: Headers) {
    super(message);
  }
}

export const API = '/api/v1/field';
const PATIENCE_MS = 30_000;
const UNREACHED = new Set([502, 503, 504, 408, 429]);

export interface Ask { method?: string; body?: BodyInit; headers?: Record<string, string>; token?: string; patience_ms?: number; accept?: number[]; /** Not sent again by itself. */ is_once?: boolean }

/** How long the server asks to be left alone, where it says so. */
export const retryAfter = (headers: Headers): number => Math.min(600, Number(headers.get('Retry-After')) || 0) * 1000;
export class Busy extends Unreached {
  constructor(message: string, readonly wait_ms: number) {
    super(message);
  }
}

/** Requests are all repeatable: one that is lost on the way is sent again at once, before the round is given up. */
export const AGAIN_MS = [250, 1_000];
/** The language that was chosen here; a worker cannot look it up and speaks Chinese. */
const tongue = (): string => (typeof localStorage !== 'undefined' && localStorage.getItem('qingshan.language') === 'en' ? 'en' : 'zh-CN');
export const isOffline = (): boolean => typeof navigator !== 'undefined' && navigator.onLine === false;

/** Sends a request; throws `Unreached` without an answer and `Refusal` for a no. */
export async function ask(path: string, asked: Ask = {}): Promise<Response> {
  for (const pause of asked.is_once ? [] : AGAIN_MS) {
    try {
      return await askOnce(path, asked);
    } catch (problem) {
      if (!(problem instanceof Unreached) || problem instanceof Busy || isOffline()) throw problem;
      await new Promise((done) => setTimeout(done, pause));
    }
  }
  return askOnce(path, asked);
}

async function askOnce(path: string, { method = 'GET', body, headers = {}, token, patience_ms = PATIENCE_MS, accept = [] }: Ask = {}): Promise<Response> {
  const timer = new AbortController();
  const end = setTimeout(() => timer.abort(), patience_ms);
  try {
    const all = { 'Accept-Language': tongue(), ...(token ? { Authorization: `Bearer ${token}` } : {}), ...headers };
    const response = await fetch(path.startsWith('/') ? path : `${API}/${path}`, { method, headers: all, body: body ?? null, cache: 'no-store', credentials: token ? 'omit' : 'same-origin', signal: timer.signal });
    if (response.ok || accept.includes(response.status)) return response;
    if (UNREACHED.has(response.status)) throw new Busy(`HTTP ${response.status}`, retryAfter(response.headers));
    const told = (await response.json().catch(() => ({}))) as { code?: string; message?: string; details?: Record<string, unknown> };
    throw new Refusal(response.status, told.code ?? 'http', told.message ?? `HTTP ${response.status}`, told.details ?? {}, response.headers);
  } catch (problem) {
    if (problem instanceof Refusal || problem instanceof Unreached) throw problem;
    throw new Unreached(String(problem));
  } finally {
    clearTimeout(end);
  }
}

/** An answer in JSON; half an answer is none. */
export async function askJson<T>(path: string, asked: Ask = {}): Promise<T> {
  const response = await ask(path, { ...asked, headers: { 'Content-Type': 'application/json', ...asked.headers } });
  try {
    return (await response.json()) as T;
  } catch (problem) {
    throw new Unreached(`half an answer: ${String(problem)}`);
  }
}
