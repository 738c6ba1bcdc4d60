/** 表格 — what the grid knows: columns with merged headings, rows of text, edits. */
export interface GridColumn {
  key: string;
  label: string;
  /** The fact that an edit of the cell amends. */
  field?: string;
  group?: string;
  width: number;
  isFrozen: boolean;
  isEditable: boolean;
  isNumber: boolean;
  sorted?: 'asc' | 'desc';
}

/** A line as the grid holds it: texts by column key, and who it is. */
export interface GridRow {
  key: string;
  is_loaded: boolean;
  [column: string]: unknown;
}

export interface GridEdit { rowKey: string; column: string; before: string; after: string }
