import type { Config, CrossFigure } from '@/api/wire';

/** One dimension of the cross table: its codes in the order of the campaign's lists, with their words. */
export interface Heading { code: string; label: string }
/** A number of the cross table, with the query that lists what it counts. */
export interface Cell { count: number; query: string }
export type Dimension = 'activity' | 'zone' | 'state';
export interface Crossed {
  kinds: Heading[];
  zones: (Heading & { states: Heading[] })[];
  states: Heading[];
  /** A number of the dimensions named, summed over the others. */
  sum: (of: Partial<Record<Dimension, string>>) => Cell | undefined;
}
type Lists = Pick<Config, 'zones' | 'states' | 'lists'>;
const DIMENSIONS: readonly Dimension[] = ['activity', 'zone', 'state'];

/** The codes that occur, as the campaign lists them; what it does not list stands last. */
function headings(cells: readonly CrossFigure[], d: Dimension, config: Lists): Heading[] {
  const list: readonly { code: string }[] = { activity: config.lists.activity ?? [], zone: config.zones, state: config.states }[d];
  const place = new Map(list.map((l, i) => [l.code, i]));
  const found = new Map(cells.map((c) => [c[d], c[`${d}_label`]]));
  return [...found].map(([code, label]) => ({ code, label })).sort((a, b) => (place.get(a.code) ?? list.length) - (place.get(b.code) ?? list.length));
}

/** 活动类型 × 功能区 × 状态: kinds down the side, states within zones across; empty columns are not drawn. */
export function crossed(cells: readonly CrossFigure[], config: Lists): Crossed {
  const sum: Crossed['sum'] = (of) => {
    const hit = cells.filter((c) => DIMENSIONS.every((d) => of[d] === undefined || c[d] === of[d]));
    if (!hit[0]) return undefined;
    const query = new URLSearchParams(hit[0].query);
    for (const d of DIMENSIONS) if (of[d] === undefined) query.delete(d);
    return { count: hit.reduce((n, c) => n + c.count, 0), query: query.toString() };
  };
  return {
    kinds: headings(cells, 'activity', config),
    states: headings(cells, 'state', config),
    zones: headings(cells, 'zone', config).map((z) => ({ ...z, states: headings(cells.filter((c) => c.zone === z.code), 'state', config) })),
    sum,
  };
}
