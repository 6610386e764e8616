import { MaNetError } from '@ma-net/core';

/** Pixels in rows, [height, width, channels], 0 to 255; 1 channel is grey, 3 are red, green and blue. */
export interface Picture {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

/** A rectangle of pixels. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** A picture of the same size, all of `value`. */
export function blank({ height, width, channels }: Omit<Picture, 'data'>, value = 0): Picture {
  return { height, width, channels, data: new Uint8Array(height * width * channels).fill(value) };
}

/** Each value replaced by what the table of its channel says. */
export function look(picture: Picture, table: (channel: number) => ArrayLike<number>): Picture {
  const { channels, data } = picture;
  const out = new Uint8Array(data.length);
  for (let c = 0; c < channels; c++) {
    const values = table(c);
    for (let i = c; i < data.length; i += channels) out[i] = values[data[i]!]!;
  }
  return { ...picture, data: out };
}

/** Values of one channel, counted. */
export function histogram({ channels, data }: Picture, channel: number): Uint32Array {
  const counts = new Uint32Array(256);
  for (let i = channel; i < data.length; i += channels) counts[data[i]!]!++;
  return counts;
}

/** The pixels of `box`, copied; `bad-argument` when it leaves the picture. */
export function cut(picture: Picture, { top, left, height, width }: Box): Picture {
  const { channels, data } = picture;
  const inside =
    [top, left, height, width].every(Number.isInteger) &&
    top >= 0 &&
    left >= 0 &&
    height > 0 &&
    width > 0 &&
    top + height <= picture.height &&
    left + width <= picture.width;
  if (!inside) {
    throw new MaNetError(
      'bad-argument',
      `A box of ${height} x ${width} at row ${top}, column ${left} is not inside a picture of ${picture.height} x ${picture.width}.`,
      { hint: 'give a box of whole pixels, of at least one, inside the picture.' },
    );
  }
  const out = new Uint8Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * picture.width + left) * channels;
    out.set(data.subarray(from, from + width * channels), y * width * channels);
  }
  return { height, width, channels, data: out };
}

/** Left and right exchanged. */
export function mirror(picture: Picture): Picture {
  const { height, width, channels, data } = picture;
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * channels;
      const to = (y * width + width - 1 - x) * channels;
      for (let c = 0; c < channels; c++) out[to + c] = data[from + c]!;
    }
  }
  return { ...picture, data: out };
}
