/** 瓦片地址 — templates of online sources: `{z}`, `{x}`, `{y}`, and `{s}` for one of four hosts, 0 to 3. */
const HOSTS = [0, 1, 2, 3];

export const tileUrl = (template: string, z: number, x: number, y: number): string =>
  template
    .replaceAll('{z}', String(z))
    .replaceAll('{x}', String(x))
    .replaceAll('{y}', String(y))
    .replaceAll('{s}', String(HOSTS[Math.abs(x + y) % HOSTS.length]));

/** One template for each host, as the map takes them. */
export const hosts = (template: string): string[] => (template.includes('{s}') ? HOSTS.map((s) => template.replaceAll('{s}', String(s))) : [template]);
