/** 设备密钥 — made on the phone, never leaves it; signs entries (docs/adr/0018). */
import { base64url, canonical, fromBase64url, sha256, utf8 } from './canonical';

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGN = { name: 'ECDSA', hash: 'SHA-256' } as const;
export const ALG = 'ES256';

export const makeKeys = (): Promise<CryptoKeyPair> => crypto.subtle.generateKey(CURVE, false, ['sign', 'verify']);
export const publicText = async (keys: CryptoKeyPair): Promise<string> => base64url(await crypto.subtle.exportKey('raw', keys.publicKey));
/** 公钥指纹 — the first sixteen digits, for reading out over the telephone. */
export const fingerprint = async (publicKey: string): Promise<string> =>
  (await sha256(fromBase64url(publicKey))).slice(0, 16).replace(/(.{4})(?=.)/g, '$1 ');

export const signText = async (keys: CryptoKeyPair, text: string): Promise<string> =>
  base64url(await crypto.subtle.sign(SIGN, keys.privateKey, utf8(text)));
export const isSignedBy = (key: CryptoKey, text: string, signature: string): Promise<boolean> =>
  crypto.subtle.verify(SIGN, key, fromBase64url(signature), utf8(text));

export const enrolText = (device_id: string, csrf_token: string): string => `qingshan-enrol-v1\n${device_id}\n${csrf_token}`;
/** What stands under an entry's signature. */
export const entryText = (bytes: string): string => `qingshan-entry-v1\n${bytes}`;

export interface Stamp { device_id: string; number: number; alg: string; signature?: string }

/** The canonical text of an entry with the signature in its stamp. */
export async function stamped(keys: CryptoKeyPair, entry: Record<string, unknown> & { stamp: Stamp }): Promise<string> {
  const signature = await signText(keys, entryText(canonical(entry)));
  return canonical({ ...entry, stamp: { ...entry.stamp, signature } });
}

/** Whether a pair still signs and verifies, for the pre-trip check. */
export async function works(keys: CryptoKeyPair): Promise<boolean> {
  const text = 'qingshan-self-check';
  return isSignedBy(keys.publicKey, text, await signText(keys, text)).catch(() => false);
}
