/** What unit tests use of the fake register. */
export interface FakeItem { id: string; state: string; device_id: string; kind: string }
export class FakeField {
  taps: Record<string, unknown>;
  tree: { size: number };
  tokens: Map<string, { expires: number }>;
  devices: Map<string, { device_id: string }>;
  items: Map<string, FakeItem>;
  state(): { items: FakeItem[] };
  forget(count: number): void;
  hasBlob(sha256: string): boolean;
  lock(device: { device_id: string }, why: { reason: string }): unknown;
}
export function serveFake(options: { dist: string; store: string; port?: number }): Promise<{ fake: FakeField; port: number; origin: string; stop: () => Promise<void> }>;
