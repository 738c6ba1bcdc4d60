// Builds the phone's service worker into one file of its own, with the list of what its shell is made of.  `node scripts/precache.mjs [DIST]`
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = process.argv[2] ?? join(root, 'dist');
const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'));

/** All that the phone may ever load: its page, every chunk behind it, their styles and files. */
function filesOf(key, seen = new Set(), files = new Set()) {
  if (seen.has(key)) return files;
  seen.add(key);
  const { file, css = [], assets = [], imports = [], dynamicImports = [] } = manifest[key];
  for (const name of [file, ...css, ...assets]) files.add(`/${name}`);
  for (const next of [...imports, ...dynamicImports]) filesOf(next, seen, files);
  return files;
}
const workers = readdirSync(join(dist, 'assets')).filter((f) => /worker/i.test(f) && !f.endsWith('.br')).map((f) => `/assets/${f}`);
const own = readdirSync(join(dist, 'field')).filter((f) => !/\.br$|^sw\.js$/.test(f)).map((f) => `/field/${f}`);
const files = ['/field', '/icon.svg', ...filesOf('field.html'), ...workers, ...own];
const unique = [...new Set(files)].sort();
const hash = createHash('sha256');
for (const url of unique) {
  const path = join(dist, url === '/field' ? 'field.html' : url);
  if (!existsSync(path)) throw new Error(`the shell names ${url}, which was not built`);
  hash.update(url).update(readFileSync(path));
}
// A worker that does something else is another shell: what an older one keeps stays whole beside it.
for (const file of readdirSync(join(root, 'src/offline')).filter((f) => /^[^.]+\.ts$/.test(f)).sort()) hash.update(readFileSync(join(root, 'src/offline', file)));
const name = hash.digest('hex').slice(0, 12);

await build({
  configFile: false,
  root,
  logLevel: 'warn',
  resolve: { alias: { '@': join(root, 'src') } },
  define: { SHELL_FILES: JSON.stringify(unique), SHELL_NAME: JSON.stringify(`qs-shell-${name}`) },
  build: {
    target: ['chrome92', 'safari15'], outDir: dist, emptyOutDir: false, copyPublicDir: false, modulePreload: false,
    lib: { entry: join(root, 'src/offline/sw.ts'), formats: ['iife'], name: 'qs', fileName: () => 'field/sw.js' },
  },
});
console.log(`field/sw.js: ${unique.length} files of shell ${name}`);
