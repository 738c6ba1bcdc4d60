// Photos as a camera would give them: JPEG bytes that differ for every seed, small enough for a test.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const BASE = readFileSync(fileURLToPath(new URL('./camera.jpg', import.meta.url)));

/** A valid JPEG of its own: the seed stands in a comment segment, `size` adds what a larger photo has. */
export function jpeg(seed, size = 0) {
  const text = Buffer.from(`qingshan ${seed}`);
  const segment = Buffer.concat([Buffer.from([0xff, 0xfe, (text.length + 2) >> 8, (text.length + 2) & 255]), text]);
  const rest = Math.max(0, size - BASE.length - segment.length);
  const padding = [];
  for (let left = rest; left > 4; left -= 65_000) {
    const n = Math.min(left, 65_000) - 4;
    const noise = Buffer.alloc(Math.max(1, n), (seed * 7 + left) & 255);
    padding.push(Buffer.concat([Buffer.from([0xff, 0xfe, (noise.length + 2) >> 8, (noise.length + 2) & 255]), noise]));
  }
  return Buffer.concat([BASE.subarray(0, 2), segment, ...padding, BASE.subarray(2)]);
}
