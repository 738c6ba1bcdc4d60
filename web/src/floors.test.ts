import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { posix } from 'node:path';
import { expect, test } from 'vitest';

/** What each floor may import; a screen besides: its own folder, and no other screen's. */
const FLOORS: Record<string, readonly string[]> = {
  api: ['api', 'domain'],
  ui: ['ui', 'api', 'domain'],
  domain: ['domain', 'ui', 'api'],
  map: ['map', 'domain', 'ui', 'api'],
  offline: ['offline', 'api'],
  field: ['field', 'offline', 'map', 'domain', 'api'],
  screens: ['domain', 'ui', 'map', 'api'],
  shell: ['shell', 'screens', 'domain', 'ui', 'api'],
};

const root = fileURLToPath(new URL('.', import.meta.url));
const IMPORT = /(?:from|import)\s*\(?\s*'([^']+)'/g;

/** The place of an import under `src`; nothing for packages. */
function placeOf(from: string, name: string): string | null {
  if (name.startsWith('@/')) return name.slice(2);
  return name.startsWith('.') ? posix.join(posix.dirname(from), name) : null;
}
function isFault(from: string, to: string): boolean {
  const [floor = '', folder] = from.split('/');
  const [below = '', other] = to.split('/');
  if (floor === 'screens' && below === 'screens') return folder !== other;
  return !FLOORS[floor]?.includes(below);
}
/** Imports that a file must not have. */
const faultsOf = (from: string, text: string): string[] =>
  [...text.matchAll(IMPORT)].map(([, name = '']) => placeOf(from, name)).filter((to) => to !== null && isFault(from, to)).map((to) => `${from} imports ${to}`);

/** What stands in for the register in tests of the phone's store is no floor. */
const isStandIn = (file: string): boolean => file.endsWith('.testing.ts');
const files = readdirSync(root, { recursive: true }).map((f) => String(f).replaceAll('\\', '/')).filter((f) => /\.(ts|vue)$/.test(f) && f.includes('/') && !isStandIn(f));

test('no screen imports another screen, and no floor one above it', () => {
  expect(files.length).toBeGreaterThan(150);
  expect(files.flatMap((file) => faultsOf(file, readFileSync(root + file, 'utf8')))).toEqual([]);
});

test('a way round is seen, whether by alias, by path or asked for later', () => {
  expect(faultsOf('screens/sites/A.vue', "import { t } from '@/screens/issues/msg';")).toHaveLength(1);
  expect(faultsOf('screens/sites/A.vue', "import { t } from '../issues/msg';\nconst B = () => import('../urging/B.vue');")).toHaveLength(2);
  expect(faultsOf('domain/issues/A.vue', "import type { T } from '@/screens/issues/t';")).toHaveLength(1);
  expect(faultsOf('screens/issues/fields/A.vue', "import { t } from '../msg';\nimport { ref } from 'vue';\nimport '@/ui/theme.css';")).toEqual([]);
});
