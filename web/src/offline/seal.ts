/** 封存 — HPKE base mode (RFC 9180) with DHKEM(P-256, HKDF-SHA256), HKDF-SHA256 and AES-GCM, over WebCrypto. */
import { utf8 } from './canonical';

const ECDH = { name: 'ECDH', namedCurve: 'P-256' } as const;
const KEM_ID = 0x0010;
const KDF_ID = 0x0001;
const HASH_BYTES = 32;
const NONCE_BYTES = 12;
/** AEAD ids of RFC 9180 and their key lengths. */
export const AES_128_GCM = { id: 0x0001, key_bytes: 16 } as const;
export const AES_256_GCM = { id: 0x0002, key_bytes: 32 } as const;
export type Aead = typeof AES_128_GCM | typeof AES_256_GCM;

type Bytes = Uint8Array<ArrayBuffer>;
export function joined(...parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
const number16 = (n: number): Bytes => new Uint8Array([n >> 8, n & 0xff]);
const NONE = new Uint8Array(0);
const KEM_SUITE = joined(utf8('KEM'), number16(KEM_ID));
const suiteOf = (aead: Aead): Bytes => joined(utf8('HPKE'), number16(KEM_ID), number16(KDF_ID), number16(aead.id));

async function hmac(key: Bytes, text: Bytes): Promise<Bytes> {
  // WebCrypto takes no empty key; one of zeros gives the same.
  const raw = key.length > 0 ? key : new Uint8Array(HASH_BYTES);
  const made = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', made, text));
}
const extract = (suite: Bytes, salt: Bytes, label: string, secret: Bytes): Promise<Bytes> => hmac(salt, joined(utf8('HPKE-v1'), suite, utf8(label), secret));
async function expand(suite: Bytes, prk: Bytes, label: string, about: Bytes, length: number): Promise<Bytes> {
  const info = joined(number16(length), utf8('HPKE-v1'), suite, utf8(label), about);
  let block: Bytes = NONE;
  let all: Bytes = NONE;
  for (let i = 1; all.length < length; i++) {
    block = await hmac(prk, joined(block, info, new Uint8Array([i])));
    all = joined(all, block);
  }
  return all.slice(0, length);
}

const raw = async (key: CryptoKey): Promise<Bytes> => new Uint8Array(await crypto.subtle.exportKey('raw', key));
export const publicKeyOf = (bytes: Bytes): Promise<CryptoKey> => crypto.subtle.importKey('raw', bytes, ECDH, true, []);
const shared = async (mine: CryptoKey, theirs: CryptoKey): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.deriveBits({ name: 'ECDH', public: theirs }, mine, 256));

async function sharedSecret(dh: Bytes, enc: Bytes, recipient: Bytes): Promise<Bytes> {
  return expand(KEM_SUITE, await extract(KEM_SUITE, NONE, 'eae_prk', dh), 'shared_secret', joined(enc, recipient), HASH_BYTES);
}

/** One context: messages are numbered from 0, each with a nonce of its own. */
export class Context {
  private sequence = 0;
  private constructor(readonly enc: Bytes, private readonly key: CryptoKey, private readonly base: Bytes) {}

  static async of(secret: Bytes, enc: Bytes, info: Bytes, aead: Aead): Promise<Context> {
    const suite = suiteOf(aead);
    const about = joined(new Uint8Array([0]), await extract(suite, NONE, 'psk_id_hash', NONE), await extract(suite, NONE, 'info_hash', info));
    const prk = await extract(suite, secret, 'secret', NONE);
    const key = await expand(suite, prk, 'key', about, aead.key_bytes);
    const base = await expand(suite, prk, 'base_nonce', about, NONCE_BYTES);
    return new Context(enc, await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt', 'decrypt']), base);
  }

  private way(aad: Bytes): AesGcmParams {
    const nonce = this.base.slice();
    for (let i = 0, n = this.sequence; i < 8; i++, n = Math.floor(n / 256)) nonce[NONCE_BYTES - 1 - i]! ^= n & 0xff;
    this.sequence += 1;
    return { name: 'AES-GCM', iv: nonce, additionalData: aad };
  }
  seal = async (aad: Bytes, plain: Bytes): Promise<Bytes> => new Uint8Array(await crypto.subtle.encrypt(this.way(aad), this.key, plain));
  open = async (aad: Bytes, sealed: Bytes): Promise<Bytes> => new Uint8Array(await crypto.subtle.decrypt(this.way(aad), this.key, sealed));
}

/** Begins sealing to a public key of 65 bytes; a pair may be given by tests only. */
export async function sealTo(recipient: Bytes, info: Bytes = NONE, aead: Aead = AES_256_GCM, pair?: CryptoKeyPair): Promise<Context> {
  const own = pair ?? (await crypto.subtle.generateKey(ECDH, true, ['deriveBits']));
  const enc = await raw(own.publicKey);
  return Context.of(await sharedSecret(await shared(own.privateKey, await publicKeyOf(recipient)), enc, recipient), enc, info, aead);
}

/** Begins opening; only the register has the private key. */
export async function openBy(pair: CryptoKeyPair, enc: Bytes, info: Bytes = NONE, aead: Aead = AES_256_GCM): Promise<Context> {
  const dh = await shared(pair.privateKey, await publicKeyOf(enc));
  return Context.of(await sharedSecret(dh, enc, await raw(pair.publicKey)), enc, info, aead);
}
