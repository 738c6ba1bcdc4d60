import type { CellProps, ColumnGrouping, ColumnRegular, HyperFunc, VNode } from '@revolist/revogrid';

import type { GridColumn, GridRow } from './types';

type Marks = ReadonlyMap<string, string>;
const CHAR = 9;
/** A heading is never cut: its characters are about this wide, and the cell pads it. */
const HEADING_CHAR = 14;
const PADDING = 34;

/** Columns for RevoGrid: neighbours of one heading under one merged cell, links in the key column, edits marked. */
export function columnsFor(columns: readonly GridColumn[], linkKey: string, href: (row: GridRow) => string, marks: () => Marks): (ColumnRegular | ColumnGrouping)[] {
  const out: (ColumnRegular | ColumnGrouping)[] = [];
  for (const column of columns) {
    const plain = regular(column, linkKey, href, marks);
    const last = out.at(-1);
    if (!column.group) out.push(plain);
    else if (last && 'children' in last && last.name === column.group) last.children.push(plain);
    else out.push({ name: column.group, children: [plain] });
  }
  return out;
}

function regular(column: GridColumn, linkKey: string, href: (row: GridRow) => string, marks: () => Marks): ColumnRegular {
  const arrow = column.sorted ? (column.sorted === 'asc' ? ' ↑' : ' ↓') : '';
  return {
    prop: column.key,
    name: column.label + arrow,
    size: Math.max(column.label.length * HEADING_CHAR + PADDING, Math.round(column.width * CHAR)),
    readonly: !column.isEditable,
    sortable: false,
    filter: false,
    ...(column.isFrozen ? { pin: 'colPinStart' as const } : {}),
    columnProperties: () => ({ 'aria-sort': column.sorted ? (column.sorted === 'asc' ? 'ascending' : 'descending') : 'none', title: column.label }),
    cellProperties: ({ model }) => cellProperties(column, model as GridRow, marks()),
    ...(column.key === linkKey ? { cellTemplate: (h: HyperFunc<VNode>, { model }: { model: Record<string, unknown> }) => h('a', { href: href(model as GridRow), class: 'grid-link' }, String(model[linkKey] ?? '')) } : {}),
  };
}

function cellProperties(column: GridColumn, row: GridRow, marks: Marks): CellProps {
  const edited = marks.get(`${row.key} ${column.key}`);
  return {
    class: { 'is-number': column.isNumber, 'is-edited': edited !== undefined, 'is-editable': column.isEditable },
    title: String(row[column.key] ?? ''),
  };
}
