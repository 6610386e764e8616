import type { Picture } from '../transforms/picture.ts';

/** Grey spread over three channels, or three as their luminance. */
export function withChannels(picture: Picture, channels: number): Picture {
  const { data, channels: found, height, width } = picture;
  if (found === channels) return picture;
  const out = new Uint8Array(height * width * channels);
  for (let i = 0, p = 0; p < height * width; p++, i += found) {
    const value =
      found === 3 ? (19595 * data[i]! + 38470 * data[i + 1]! + 7471 * data[i + 2]! + 32768) >> 16 : data[i]!;
    out.fill(value, p * channels, (p + 1) * channels);
  }
  return { height, width, channels, data: out };
}
