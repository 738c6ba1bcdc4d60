import { describe, expect, it } from 'vitest';

import { keep, recall } from './mappings';

const store = (): Storage => {
  const held = new Map<string, string>();
  return { getItem: (k: string) => held.get(k) ?? null, setItem: (k: string, v: string) => void held.set(k, v) } as unknown as Storage;
};
const line = (title: string, field: string | null, column = title) => ({ column, title, field, confidence: 1 });

describe('headings matched before', () => {
  it('are offered for the same headings in another order', () => {
    const held = store();
    keep(held, 'inspection', [line('名称', 'facility_name'), line('说明', 'note')]);
    const next = [line('说明', 'description', 'C'), line('名称', 'facility_name', 'A')];
    expect(recall(held, 'inspection', next)?.map((l) => [l.column, l.field])).toEqual([['C', 'note'], ['A', 'facility_name']]);
  });
  it('are not offered for other headings, for another kind, or where nothing differs', () => {
    const held = store();
    const mapping = [line('名称', 'facility_name'), line('说明', null)];
    keep(held, 'inspection', mapping);
    expect(recall(held, 'inspection', mapping)).toBeNull();
    expect(recall(held, 'petition', [line('名称', null), line('说明', null)])).toBeNull();
    expect(recall(held, 'inspection', [line('名称', null)])).toBeNull();
  });
});
