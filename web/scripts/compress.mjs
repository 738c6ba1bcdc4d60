// Lays a brotli copy beside every file that gets smaller by it; the server sends it as it is.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const files = readdirSync(dist, { recursive: true }).map(String).filter((f) => /\.(js|mjs|css|html|svg|json|webmanifest|wasm)$/.test(f));
for (const name of files) {
  const path = join(dist, name);
  if (!statSync(path).isFile()) continue;
  const bytes = readFileSync(path);
  // The page itself is filled in by the server with a nonce, so it is never sent from a compressed copy.
  if (bytes.length < 1024 || name.endsWith('.html')) continue;
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }));
}
