/** 列对应 — how headings were matched last time, kept in this browser for the next file with the same headings. */
import type { Staged } from '@/api/wire';

type Mapping = Staged['mapping'];
type Kept = Record<string, string>;

const titleOf = (line: Mapping[number]): string => (line.title || line.column).trim();

/** Files are alike when they are of one kind and have the same headings, in whatever order. */
export const keyOf = (kind: string, mapping: Mapping): string =>
  `qingshan.mapping.${kind}.${mapping.map(titleOf).sort().join('\u001f')}`;

export function keep(store: Storage, kind: string, mapping: Mapping): void {
  const fields: Kept = Object.fromEntries(mapping.map((line) => [titleOf(line), line.field ?? '']));
  store.setItem(keyOf(kind, mapping), JSON.stringify(fields));
}

/** The mapping as it was kept, or nothing where none was or where it says the same. */
export function recall(store: Storage, kind: string, mapping: Mapping): Mapping | null {
  const text = store.getItem(keyOf(kind, mapping));
  if (!text) return null;
  const fields = JSON.parse(text) as Kept;
  const recalled = mapping.map((line) => ({ ...line, field: fields[titleOf(line)] || null }));
  return recalled.some((line, i) => (line.field ?? '') !== (mapping[i]?.field ?? '')) ? recalled : null;
}
