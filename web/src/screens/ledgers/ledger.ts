import { get, type Query } from '@/api/client';
import type { LedgerColumn, LedgerLine, LedgerPage } from '@/api/wire';
import type { GridColumn, GridRow } from '@/ui/grid/types';
import { WINDOW } from '@/ui/grid/windows';

export const loadPage = (view: string, query: Query, offset: number, limit = WINDOW) =>
  get<LedgerPage>(`/ledgers/${view}`, { ...query, offset, limit });

const NUMBERS = new Set(['integer', 'number', 'area', 'decimal', 'lon_lat']);

export function gridColumns(page: LedgerPage, sort: string, mayEdit: boolean): GridColumn[] {
  return page.columns.map((c) => ({
    key: c.key,
    label: c.label,
    ...(c.field ? { field: c.field } : {}),
    ...(c.group ? { group: c.group } : {}),
    width: c.width,
    isFrozen: c.is_frozen && innerWidth > 760,
    isEditable: c.is_editable && mayEdit,
    isNumber: NUMBERS.has(c.kind.split(':')[0] ?? ''),
    ...(sort === c.key ? { sorted: 'asc' as const } : sort === `-${c.key}` ? { sorted: 'desc' as const } : {}),
  }));
}

export const gridRow = (columns: readonly LedgerColumn[], line: LedgerLine): GridRow => ({
  ...Object.fromEntries(columns.map((c, i) => [c.key, line.cells[i] ?? ''])),
  key: line.site_code,
  is_loaded: true,
});

/** Ascending, descending, unsorted: what the next click on a heading asks for. */
export function nextSort(current: string, column: string): string | undefined {
  if (current === column) return `-${column}`;
  return current === `-${column}` ? undefined : column;
}
