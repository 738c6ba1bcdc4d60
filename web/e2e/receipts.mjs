// A receipt checked as an outsider would: the node's signature over the note, and the leaf's way to the root of the log.
import { createHash, createPublicKey, verify } from 'node:crypto';

const sha = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest();
/** What stands before the 32 bytes of an Ed25519 key in its usual wrapping. */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** Verifies C2SP signed notes by a key as the register tells it: `name+hash+base64`. */
export class Verifier {
  constructor(text) {
    const [name, , ...rest] = text.split('+');
    const bytes = Buffer.from(rest.join('+'), 'base64');
    Object.assign(this, { name, key: createPublicKey({ key: Buffer.concat([SPKI, bytes.subarray(1)]), format: 'der', type: 'spki' }) });
  }
  isSigned(note) {
    const at = note.indexOf('\n\n');
    const line = note.slice(at + 2).split('\n').find((l) => l.startsWith(`— ${this.name} `));
    if (at < 0 || !line) return false;
    const signature = Buffer.from(line.slice(line.lastIndexOf(' ') + 1), 'base64').subarray(4);
    return verify(null, Buffer.from(note.slice(0, at + 1)), this.key, signature);
  }
}

/** Root that a leaf and its path lead to (RFC 9162, 2.1.3.2). */
function rootOf(leaf, index, size, path) {
  let [fn, sn, root] = [index, size - 1, Buffer.from(leaf, 'hex')];
  for (const hash of path.map((h) => Buffer.from(h, 'hex'))) {
    if (sn === 0) return null;
    if (fn % 2 === 1 || fn === sn) {
      root = sha(Buffer.from([1]), hash, root);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else root = sha(Buffer.from([1]), root, hash);
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  return sn === 0 ? root.toString('hex') : null;
}

/** Whether a receipt is signed, says what the item says, and its leaf lies where it says. */
export async function isReceiptTrue(server, verifier, { id, receipt }) {
  const said = receipt.note.split('\n');
  const lines = [`qingshan-receipt/v1 ${verifier.name}`, id, receipt.entry_sha256, String(receipt.seq), receipt.leaf_hash];
  const proof = await server.get(`/log/proof?entry=${receipt.seq}`);
  return verifier.isSigned(receipt.note) && lines.every((line, i) => said[i] === line) && rootOf(receipt.leaf_hash, receipt.seq, proof.size, proof.proof) === proof.root_hash;
}
