// Lays the engine of phones, which is kept packed beside its sources, where the page finds it; `--pack FILE` packs one newly built.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const packed = at('../../crates/pocket/dist/pocket.wasm.br');
const laid = at('../public/field/pocket.wasm');
const BUDGET = 350 * 1024;

/** The engine needs nothing of the page: no import, so no second tool whose version must fit. */
async function check(bytes) {
  const imports = WebAssembly.Module.imports(await WebAssembly.compile(bytes));
  if (imports.length > 0) throw new Error(`the engine asks the page for ${imports.map((i) => i.name).join(', ')}: it must stand alone`);
}

const file = process.argv[process.argv.indexOf('--pack') + 1];
if (process.argv.includes('--pack')) {
  const bytes = readFileSync(file);
  await check(bytes);
  const small = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });
  if (small.length > BUDGET) throw new Error(`the engine has ${(small.length / 1024).toFixed(1)} KB packed, over its budget of ${BUDGET / 1024} KB`);
  mkdirSync(dirname(packed), { recursive: true });
  writeFileSync(packed, small);
  console.log(`pocket.wasm.br: ${(small.length / 1024).toFixed(1)} KB packed, ${(bytes.length / 1024).toFixed(1)} KB as it runs`);
} else {
  if (!existsSync(packed)) throw new Error('crates/pocket/dist/pocket.wasm.br is missing: take it from the repository, or build it with `cargo xtask pocket`');
  const bytes = brotliDecompressSync(readFileSync(packed));
  await check(bytes);
  if (!existsSync(laid) || !readFileSync(laid).equals(bytes)) writeFileSync(laid, bytes);
}
