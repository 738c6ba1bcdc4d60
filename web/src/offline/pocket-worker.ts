/** The engine's own thread: bytes in, bytes out, no state but what was loaded. */
/// <reference lib="webworker" />
interface Exports { memory: WebAssembly.Memory; alloc: (n: number) => number; release: (at: number, n: number) => void; call: (at: number, n: number) => bigint }

let engine: Promise<Exports> | null = null;
const load = async (url: string): Promise<Exports> => {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`engine: ${response.status}`);
  const { instance } = await WebAssembly.instantiate(await response.arrayBuffer(), {});
  return instance.exports as unknown as Exports;
};

function call(e: Exports, text: string): unknown {
  const bytes = new TextEncoder().encode(text);
  const at = e.alloc(bytes.length);
  new Uint8Array(e.memory.buffer, at, bytes.length).set(bytes);
  const packed = BigInt.asUintN(64, e.call(at, bytes.length));
  e.release(at, bytes.length);
  const [place, length] = [Number(packed >> 32n), Number(packed & 0xffffffffn)];
  const answer = new TextDecoder().decode(new Uint8Array(e.memory.buffer, place, length));
  e.release(place, length);
  return JSON.parse(answer);
}

self.onmessage = async (event: MessageEvent<{ turn: number; asked: unknown; engine: string }>) => {
  const { turn, asked, engine: url } = event.data;
  try {
    engine ??= load(url);
    self.postMessage({ turn, answer: call(await engine, JSON.stringify(asked)) });
  } catch (problem) {
    engine = null;
    self.postMessage({ turn, answer: { error: { code: 'pocket.absent', args: { text: String(problem) } } } });
  }
};
