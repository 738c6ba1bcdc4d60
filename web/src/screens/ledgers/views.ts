import type { LocationQuery } from 'vue-router';

import type { Config } from '@/api/wire';

/** 视图 — a ledger with everything asked of it, under a name; the address holds all of it. */
export interface SavedView {
  name: string;
  path: string;
  query: Record<string, string>;
}

/** 上报表: the ledgers that a milestone asks for, as of its day once that is past. */
export function presetsOf(config: Pick<Config, 'milestones'>, view: string, today: string): SavedView[] {
  return config.milestones
    .filter((m) => m.ledgers.includes(view))
    .map((m): SavedView => ({ name: m.name, path: `/ledgers/${view}`, query: m.due_on < today ? { as_of: m.due_on } : {} }));
}

/** Views a person keeps, out of their settings. */
export const savedOf = (settings: Record<string, unknown>): SavedView[] => (Array.isArray(settings.views) ? settings.views.filter(isView) : []);

const isView = (it: unknown): it is SavedView =>
  typeof it === 'object' && it !== null && 'name' in it && typeof it.name === 'string' && 'path' in it && typeof it.path === 'string' && it.path.startsWith('/ledgers/') && 'query' in it && typeof it.query === 'object';

/** The name that a link to a view carries. */
export const NAME = 'view_name';
export const linkOf = (view: SavedView) => ({ path: view.path, query: { ...view.query, [NAME]: view.name } });

/** What the address says now, under a name; a view of that name is replaced. */
export function withView(views: readonly SavedView[], name: string, path: string, query: LocationQuery): SavedView[] {
  const texts = Object.fromEntries(Object.entries(query).flatMap(([k, v]) => (typeof v === 'string' && v && k !== NAME ? [[k, v]] : [])));
  return [...views.filter((v) => v.name !== name), { name, path, query: texts }];
}

/** Whether the address shows this view. */
export const isShown = (view: SavedView, path: string, query: LocationQuery): boolean =>
  view.path === path && Object.keys(view.query).length === Object.keys(query).length && Object.entries(view.query).every(([k, v]) => query[k] === v);
