// Photos and films as a camera would give them: bytes that differ for every seed, small enough for a test.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';

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

const read = (name) => readFileSync(fileURLToPath(new URL(name, import.meta.url)));
/** A box of ISO files that readers pass over: it makes a file another one, or a larger one. */
function free(size) {
  const box = randomBytes(Math.max(16, size));
  box.writeUInt32BE(box.length, 0);
  box.write('free', 4, 'latin1');
  return box;
}
/** A HEIC with EXIF (time, camera, position), made once by heif-enc of libheif from the JPEG beside it. */
export const heic = () => Buffer.concat([read('./camera.heic'), free(16)]);
/** Two seconds of H.264 with sound, made once by ffmpeg; `size` as much larger as a film is. */
export const mp4 = (size = 0) => {
  const film = read('./film.mp4');
  return Buffer.concat([film, free(size - film.length)]);
};

/** A PNG of one's own: a slope of colour with a grain that makes it unlike any other. */
export function png(width = 320, height = 240) {
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind, 'latin1'), data]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, check]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const grain = randomBytes(height);
  const rows = Array.from({ length: height }, (_, y) => Buffer.from([0, ...Array.from({ length: width }, (__, x) => [(x * 255) / width, (y * 255) / height, 60 + (grain[y] & 63)]).flat()]));
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), chunk('IHDR', head), chunk('IDAT', deflateSync(Buffer.concat(rows))), chunk('IEND', Buffer.alloc(0))]);
}
