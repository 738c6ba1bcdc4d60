// Fails the build when a first view grows over its budget (KB of brotli, ui.md 6.8) or names an outside address.
import { readdirSync, readFileSync, statSync, existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'));
const KB = 1024;
const sizes = new Map();
function size(file) {
  if (!sizes.has(file)) {
    const packed = join(dist, `${file}.br`);
    sizes.set(file, existsSync(packed) ? statSync(packed).size : brotliCompressSync(readFileSync(join(dist, file))).length);
  }
  return sizes.get(file);
}

/** Everything a page loads at once: its chunk, what that imports, and their styles. */
function closure(key, seen = new Set()) {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const next of manifest[key]?.imports ?? []) closure(next, seen);
  return seen;
}
const filesOf = (keys) => new Set([...keys].flatMap((k) => [manifest[k].file, ...(manifest[k].css ?? [])]));
const weigh = (files) => [...files].reduce((sum, f) => sum + size(f), 0);

const shellFiles = filesOf(closure('index.html'));
const screens = Object.keys(manifest).filter((k) => manifest[k].isDynamicEntry && !k.startsWith('src/field/') && /Screen\.vue|Inbox\.vue|Wizard\.vue|SiteList\.vue/.test(k));
const LIMITS = { map: 320, any: 200 };
const failures = [];
const lines = [];
function hold(name, bytes, limit) {
  lines.push(`${(bytes / KB).toFixed(1).padStart(8)} KB of ${String(limit).padStart(4)}  ${name}`);
  if (bytes > limit * KB) failures.push(`${name}: ${(bytes / KB).toFixed(1)} KB is over ${limit} KB`);
}
hold('shell', weigh(shellFiles), 90);
for (const key of screens) {
  const own = [...filesOf(closure(key))].filter((f) => !shellFiles.has(f));
  const usesMap = own.some((f) => /MapCanvas/.test(basename(f)));
  hold(basename(key, '.vue'), weigh(own), usesMap ? LIMITS.map : LIMITS.any);
}
const all = readdirSync(dist, { recursive: true }).map(String).filter((f) => /\.(js|mjs|css|html|svg)$/.test(f));
const worker = all.find((f) => /worker/i.test(f));
if (worker) hold('map worker', size(worker), 130);
else failures.push('the map worker is not a file of its own');
const phoneShell = filesOf(closure('field.html'));
hold('phone shell', weigh(phoneShell), 90);
for (const key of Object.keys(manifest).filter((k) => k.startsWith('src/field/screens/') && manifest[k].isDynamicEntry)) {
  const own = [...filesOf(closure(key))].filter((f) => !phoneShell.has(f));
  const usesMap = /MapScreen/.test(key);
  hold(`phone ${basename(key, '.vue')}`, weigh(own) + (usesMap ? 0 : weigh(phoneShell)), usesMap ? LIMITS.map : 150);
}
hold('phone service worker', size('field/sw.js'), 45);
hold('phone engine', size('field/pocket.wasm'), 350);
if ([...phoneShell].some((f) => /pocket/.test(f))) failures.push('the engine is part of the phone shell: it must come after the first paint');
hold('everything', weigh(all), 1200);

// Addresses in texts and namespaces are no requests; fonts, styles, tiles and scripts from elsewhere would be.
const OUTSIDE = /(?:url\(|src=|<link[^>]+href=|import\s*\(?)\s*["']?https?:\/\//g;
for (const file of all) {
  const found = readFileSync(join(dist, file), 'utf8').match(OUTSIDE);
  if (found) failures.push(`${file} loads from outside: ${found.slice(0, 3).join(' ')}`);
}
console.log(lines.join('\n'));
if (failures.length > 0) {
  console.error(`budgets broken:\n  ${failures.join('\n  ')}`);
  process.exit(1);
}
