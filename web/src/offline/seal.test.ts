// @vitest-environment node
import { expect, test } from 'vitest';

import { base64url, utf8 } from './canonical';
import { AES_128_GCM, openBy, sealTo } from './seal';

const hex = (text: string) => Uint8Array.from(text.match(/../g)!, (b) => parseInt(b, 16));
const ECDH = { name: 'ECDH', namedCurve: 'P-256' };
/** A key pair from its published numbers. */
async function pair(secret: string, point: string): Promise<CryptoKeyPair> {
  const [x, y] = [hex(point).slice(1, 33), hex(point).slice(33)];
  const open = { kty: 'EC', crv: 'P-256', x: base64url(x), y: base64url(y), ext: true };
  return {
    privateKey: await crypto.subtle.importKey('jwk', { ...open, d: base64url(hex(secret)) }, ECDH, true, ['deriveBits']),
    publicKey: await crypto.subtle.importKey('jwk', open, ECDH, true, []),
  };
}
// RFC 9180, A.3.1
const ENC = '04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4';
const PK_R = '04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a826a779b4cf969b8a0e539c7f62fb3d30ad6aa8f80e30f1d128aafd68a2ce72ea0';
const SK_E = '4995788ef4b9d6132b249ce59a77281493eb39af373d236a1fe415cb0c2d7beb';
const SK_R = 'f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2';
const INFO = hex('4f6465206f6e2061204772656369616e2055726e');
const PLAIN = hex('4265617574792069732074727574682c20747275746820626561757479');

test('sealing gives the bytes of the RFC, and opening gives the text back', async () => {
  const sender = await sealTo(hex(PK_R), INFO, AES_128_GCM, await pair(SK_E, ENC));
  const sealed = await sender.seal(utf8('Count-0'), PLAIN);
  expect(Buffer.from(sealed).toString('hex')).toBe('5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f39513434');
  const receiver = await openBy(await pair(SK_R, PK_R), hex(ENC), INFO, AES_128_GCM);
  expect(await receiver.open(utf8('Count-0'), sealed)).toEqual(PLAIN);
});

test('messages of one context open in their order only, and a changed byte is seen', async () => {
  const own = await pair(SK_R, PK_R);
  const sender = await sealTo(hex(PK_R));
  const [a, b] = [await sender.seal(utf8('h'), utf8('one')), await sender.seal(utf8('h'), utf8('two'))];
  const receiver = await openBy(own, sender.enc);
  expect(new TextDecoder().decode(await receiver.open(utf8('h'), a))).toBe('one');
  b[0]! ^= 1;
  await expect(receiver.open(utf8('h'), b)).rejects.toThrow();
});
