import { get, type Query } from '@/api/client';
import type { LedgerColumn, LedgerLine, LedgerPage } from '@/api/wire';
import type { GridColumn, GridRow } from '@/ui/grid/types';
import { WINDOW } from '@/ui/grid/windows';

export const loadPage = (view: string, query: Query, offset: number, limit = WINDOW) =>
  get<LedgerPage>(`/ledgers/${view}`, { ...query, offset, limit });

const NUMBERS = new Set(['integer', 'number', 'area', 'decimal', 'lon_lat']);

/** A column's name with the heading above it. */
export const nameOf = (c: LedgerColumn): string => (c.group && c.group !== c.label ? `${c.group} · ${c.label}` : c.label);

/** The upper line of headings: neighbours under one heading as one cell, columns without any over both lines. */
export function headingsOf(columns: readonly LedgerColumn[]): { key: string; label: string; span: number; isMerged: boolean }[] {
  const out: { key: string; label: string; span: number; isMerged: boolean }[] = [];
  for (const c of columns) {
    const last = out.at(-1);
    if (c.group && last?.isMerged && last.label === c.group) last.span += 1;
    else out.push({ key: c.key, label: c.group ?? c.label, span: 1, isMerged: Boolean(c.group) });
  }
  return out;
}

export function gridColumns(page: LedgerPage, sort: string, mayEdit: boolean, hidden: ReadonlySet<string>): GridColumn[] {
  const all = page.columns.map((c, i) => ({
    key: c.key,
    label: c.label,
    ...(c.field ? { field: c.field } : {}),
    ...(c.group ? { group: c.group } : {}),
    width: Math.max(c.width, widthOf(page, i)),
    isFrozen: c.is_frozen && innerWidth > 760,
    isEditable: c.is_editable && mayEdit,
    isNumber: NUMBERS.has(c.kind.split(':')[0] ?? ''),
    ...(sort === c.key ? { sorted: 'asc' as const } : sort === `-${c.key}` ? { sorted: 'desc' as const } : {}),
  }));
  return all.filter((c) => !hidden.has(c.key));
}

/** Widths are in digits, as the spreadsheet's are; a Chinese character takes two. */
const WIDEST = 30;
const PADDING = 3;
const wide = (text: string) => [...text].reduce((sum, c) => sum + (c > '\u2e7f' ? 1.8 : 1), PADDING);

/** A column is as wide as its widest text of the first window, within reason. */
function widthOf(page: LedgerPage, at: number): number {
  const column = page.columns[at];
  if (!column) return 0;
  if (column.key === 'index') return String(page.total).length + PADDING;
  const texts = page.rows.map((line) => shownCell(column, line.cells[at] ?? ''));
  return Math.min(WIDEST, Math.max(...[column.label, ...texts].map(wide)));
}

/** Coordinates to the tenth of a metre; everything else as the ledger prints it. */
export const shownCell = (column: LedgerColumn, text: string) => (column.kind.startsWith('lon_lat') && /^-?\d+(\.\d+)?$/.test(text) ? Number(text).toFixed(6) : text);

export const gridRow = (columns: readonly LedgerColumn[], line: LedgerLine): GridRow => ({
  ...Object.fromEntries(columns.map((c, i) => [c.key, shownCell(c, line.cells[i] ?? '')])),
  key: line.site_code,
  is_loaded: true,
});

/** Ascending, descending, unsorted: what the next click on a heading asks for. */
export function nextSort(current: string, column: string): string | undefined {
  if (current === column) return `-${column}`;
  return current === `-${column}` ? undefined : column;
}
