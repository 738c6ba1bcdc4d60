// Opens a rescue file as the register does; HPKE by node's own crypto, apart from the phone's code.
import { createDecipheriv, createECDH, createHash, createHmac } from 'node:crypto';

const MAGIC = 'QSRESCUE1\n';
const sha = (data) => createHash('sha256').update(data).digest('hex');
const number16 = (n) => Buffer.from([n >> 8, n & 255]);
const KEM = Buffer.concat([Buffer.from('KEM'), number16(16)]);
const SUITE = Buffer.concat([Buffer.from('HPKE'), number16(16), number16(1), number16(2)]);
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();
const extract = (suite, salt, label, secret) => hmac(salt, Buffer.concat([Buffer.from('HPKE-v1'), suite, Buffer.from(label), secret]));
function expand(suite, prk, label, info, length) {
  const about = Buffer.concat([number16(length), Buffer.from('HPKE-v1'), suite, Buffer.from(label), info]);
  let [block, all] = [Buffer.alloc(0), Buffer.alloc(0)];
  for (let i = 1; all.length < length; i++) {
    block = hmac(prk, Buffer.concat([block, about, Buffer.from([i])]));
    all = Buffer.concat([all, block]);
  }
  return all.subarray(0, length);
}
function keysOf(jwk, ownPublic, enc) {
  const own = createECDH('prime256v1');
  own.setPrivateKey(Buffer.from(jwk.d, 'base64url'));
  const none = Buffer.alloc(0);
  const secret = expand(KEM, extract(KEM, none, 'eae_prk', own.computeSecret(enc)), 'shared_secret', Buffer.concat([enc, ownPublic]), 32);
  const about = Buffer.concat([Buffer.from([0]), extract(SUITE, none, 'psk_id_hash', none), extract(SUITE, none, 'info_hash', none)]);
  const prk = extract(SUITE, secret, 'secret', none);
  return { key: expand(SUITE, prk, 'key', about, 32), base: expand(SUITE, prk, 'base_nonce', about, 12) };
}
function open({ key, base }, sequence, aad, sealed) {
  const nonce = Buffer.from(base);
  nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ sequence) >>> 0, 8);
  const cipher = createDecipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(aad);
  cipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()]);
}

/** Header, items and files of the whole frames; `fault` says why it ends early. */
export async function openFile(body, jwk, publicText, register) {
  const text = body.subarray(0, 4096).toString('latin1');
  const end = text.indexOf('\n', MAGIC.length);
  if (!text.startsWith(MAGIC) || end < 0) return { header: {}, items: [], blobs: [], fault: 'other_register' };
  const line = body.subarray(MAGIC.length, end);
  const header = JSON.parse(line.toString('utf8'));
  const ownPublic = Buffer.from(publicText, 'base64url');
  if (header.register !== register || header.rescue_key_sha256 !== sha(ownPublic)) return { header, items: [], blobs: [], fault: 'other_register' };
  const keys = keysOf(jwk, ownPublic, Buffer.from(header.enc, 'base64url'));
  const found = { header, items: [], blobs: [], frame: 0, fault: 'cut' };
  const hashes = [];
  let [at, blob] = [end + 1, null];
  for (let n = 0; at < body.length; n++) {
    found.frame = n;
    if (at + 4 > body.length || at + 4 + body.readUInt32BE(at) > body.length) return found;
    const length = body.readUInt32BE(at);
    let plain;
    try {
      plain = open(keys, n, line, body.subarray(at + 4, at + 4 + length));
    } catch {
      return { ...found, fault: 'changed' };
    }
    at += 4 + length;
    if (blob && blob.left > 0) {
      blob.parts.push(plain);
      blob.left -= plain.length;
      if (blob.left === 0) found.blobs.push({ sha256: blob.sha256, bytes: Buffer.concat(blob.parts) });
    } else {
      const said = JSON.parse(plain.toString('utf8'));
      if (said.end !== undefined) return { ...found, fault: said.end === n && said.sha256 === sha(hashes.join('')) ? null : 'changed' };
      if (said.item) found.items.push(said.item);
      else blob = { sha256: said.blob, left: said.size, parts: [] };
    }
    hashes.push(sha(plain));
  }
  return found;
}
