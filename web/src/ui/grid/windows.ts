/** Rows come in windows of this many; a ledger of 100 000 rows never travels whole. */
export const WINDOW = 500;

/** The windows that the lines from `first` to `last` lie in. */
export function windowsOf(first: number, last: number, total: number): number[] {
  const from = Math.max(0, Math.floor(first / WINDOW));
  const to = Math.min(Math.max(0, Math.ceil(total / WINDOW) - 1), Math.floor(Math.max(first, last) / WINDOW));
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => (from + i) * WINDOW);
}

/** Keeps which windows were asked for, so that each is fetched once. */
export class Windows {
  private asked = new Set<number>();
  reset(): void {
    this.asked.clear();
  }
  /** Of these windows, those not asked for before; they count as asked from now on. */
  missing(starts: readonly number[]): number[] {
    const fresh = starts.filter((s) => !this.asked.has(s));
    fresh.forEach((s) => this.asked.add(s));
    return fresh;
  }
  forget(start: number): void {
    this.asked.delete(start);
  }
}
