/** Background layers that were switched off at this desk; kept in the browser, told to nobody. */
const KEY = 'qingshan.grounds-off';

export function switchedOff(store: Pick<Storage, 'getItem'> = localStorage): string[] {
  try {
    const kept: unknown = JSON.parse(store.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? kept.filter((code) => typeof code === 'string') : [];
  } catch {
    return [];
  }
}

export const keepSwitchedOff = (codes: readonly string[], store: Pick<Storage, 'setItem'> = localStorage): void => store.setItem(KEY, JSON.stringify(codes));
