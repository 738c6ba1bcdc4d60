/** The engine as it is built: numbers and bytes of its own memory, nothing else. */
interface Exports {
  memory: WebAssembly.Memory; alloc: (n: number) => number; release: (at: number, n: number) => void; call: (at: number, n: number) => bigint;
  hash_begin: () => number; hash_add: (hash: number, at: number, n: number) => void; hash_end: (hash: number) => bigint;
}
export type Answer = { ok: unknown } | { error: { code: string; args?: Record<string, string> } };
export interface Hash { add: (bytes: Uint8Array) => void; end: () => string }
export interface Engine { call: (text: string) => Answer; hash: () => Hash }

export async function engineOf(bytes: BufferSource): Promise<Engine> {
  const { instance } = await WebAssembly.instantiate(bytes, {});
  const e = instance.exports as unknown as Exports;
  const given = (packed: bigint): string => {
    const [at, n] = [Number(BigInt.asUintN(64, packed) >> 32n), Number(packed & 0xffffffffn)];
    const text = new TextDecoder().decode(new Uint8Array(e.memory.buffer, at, n));
    e.release(at, n);
    return text;
  };
  const lend = <T>(given_bytes: Uint8Array, use: (at: number) => T): T => {
    const at = e.alloc(given_bytes.length);
    if (at === 0) throw new RangeError(`${given_bytes.length} bytes are too many for the engine`);
    new Uint8Array(e.memory.buffer, at, given_bytes.length).set(given_bytes);
    const found = use(at);
    e.release(at, given_bytes.length);
    return found;
  };
  return {
    call(text) {
      const asked = new TextEncoder().encode(text);
      return JSON.parse(given(lend(asked, (at) => e.call(at, asked.length)))) as Answer;
    },
    hash() {
      const hash = e.hash_begin();
      return { add: (b) => void (b.length > 0 && lend(b, (at) => e.hash_add(hash, at, b.length))), end: () => given(e.hash_end(hash)) };
    },
  };
}
