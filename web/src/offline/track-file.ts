/** The file of the track: a first line that says whose, then fixes and gaps as they came. */
export const trackFile = (head: { device_id: string; session: string }, lines: readonly string[]): Blob =>
  new Blob([`${JSON.stringify({ v: 1, ...head })}\n${lines.map((l) => `${l}\n`).join('')}`], { type: 'application/x-ndjson' });
