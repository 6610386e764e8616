// Separable resampling of 8-bit pictures with a filter that widens when it shrinks (antialiasing), in the fixed
// point of Pillow, so that crops and evaluation transforms give the pixels that torchvision's give.

import { MaNetError, roundHalfEven } from '@ma-net/core';
import type { Box, Picture } from './picture.ts';

export type Interpolation = 'bilinear' | 'bicubic';

const FILTERS = {
  bilinear: { support: 1, weight: (x: number) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weight: (x: number) => cubic(Math.abs(x)) },
} satisfies Record<Interpolation, { support: number; weight: (x: number) => number }>;

/** Keys 1981, with a = -1/2. */
function cubic(x: number): number {
  const a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

const PRECISION = 22;
const HALF = 1 << (PRECISION - 1);

/** What each output of one axis is made of: `size` inputs from `first[i]` on, weighted in fixed point. */
interface Taps {
  readonly first: Int32Array;
  readonly size: Int32Array;
  readonly weights: Int32Array;
  /** Room for so many weights an output. */
  readonly stride: number;
}

/** Outputs `from` to `from + count` of an axis of `input` pixels made `output` long. */
function taps(input: number, output: number, from: number, count: number, filter: Interpolation): Taps {
  const { support, weight } = FILTERS[filter];
  const scale = input / output;
  const wide = Math.max(scale, 1);
  const reach = support * wide;
  const stride = Math.ceil(reach) * 2 + 1;
  const first = new Int32Array(count);
  const size = new Int32Array(count);
  const weights = new Int32Array(count * stride);
  const raw = new Float64Array(stride);
  for (let i = 0; i < count; i++) {
    const centre = (from + i + 0.5) * scale;
    const low = Math.max(0, Math.trunc(centre - reach + 0.5));
    const high = Math.min(input, Math.trunc(centre + reach + 0.5));
    let sum = 0;
    for (let k = low; k < high; k++) {
      raw[k - low] = weight((k - centre + 0.5) / wide);
      sum += raw[k - low]!;
    }
    first[i] = low;
    size[i] = high - low;
    for (let k = 0; k < high - low; k++) {
      const fixed = (raw[k]! / sum) * 2 ** PRECISION;
      weights[i * stride + k] = Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
    }
  }
  return { first, size, weights, stride };
}

/**
 * The part `window` (all of it unless given) of `crop` of a picture, made [height, width]. Pixels outside of the
 * crop have no influence, and what is outside of the window is not computed.
 */
export function resize(
  picture: Picture,
  { height, width }: { readonly height: number; readonly width: number },
  {
    crop = { top: 0, left: 0, height: picture.height, width: picture.width },
    window = { top: 0, left: 0, height, width },
    interpolation = 'bilinear',
  }: { readonly crop?: Box; readonly window?: Box; readonly interpolation?: Interpolation } = {},
): Picture {
  const { channels } = picture;
  const across = taps(crop.width, width, window.left, window.width, interpolation);
  const down = taps(crop.height, height, window.top, window.height, interpolation);
  const last = window.height - 1;
  const firstRow = down.first[0]!;
  const rows = down.first[last]! + down.size[last]! - firstRow;
  const narrow = horizontal(picture, crop, firstRow, rows, across, window.width);
  const data = vertical(narrow, firstRow, window.width * channels, down, window.height);
  return { height: window.height, width: window.width, channels, data };
}

function horizontal(
  { data, width, channels }: Picture,
  crop: Box,
  firstRow: number,
  rows: number,
  { first, size, weights, stride }: Taps,
  columns: number,
): Uint8ClampedArray {
  const out = new Uint8ClampedArray(rows * columns * channels);
  let o = 0;
  for (let y = 0; y < rows; y++) {
    const row = ((crop.top + firstRow + y) * width + crop.left) * channels;
    for (let x = 0; x < columns; x++) {
      const count = size[x]!;
      const at = x * stride;
      let i = row + first[x]! * channels;
      if (channels === 3) {
        let red = HALF;
        let green = HALF;
        let blue = HALF;
        for (let k = at; k < at + count; k++, i += 3) {
          const w = weights[k]!;
          red = (red + Math.imul(data[i]!, w)) | 0;
          green = (green + Math.imul(data[i + 1]!, w)) | 0;
          blue = (blue + Math.imul(data[i + 2]!, w)) | 0;
        }
        out[o] = red >> PRECISION;
        out[o + 1] = green >> PRECISION;
        out[o + 2] = blue >> PRECISION;
        o += 3;
      } else {
        for (let c = 0; c < channels; c++) {
          let sum = HALF;
          for (let k = 0; k < count; k++) sum = (sum + data[i + k * channels + c]! * weights[at + k]!) | 0;
          out[o++] = sum >> PRECISION;
        }
      }
    }
  }
  return out;
}

function vertical(
  data: Uint8ClampedArray,
  firstRow: number,
  row: number,
  { first, size, weights, stride }: Taps,
  rows: number,
): Uint8Array {
  const out = new Uint8ClampedArray(rows * row);
  const sums = new Int32Array(row);
  for (let y = 0; y < rows; y++) {
    sums.fill(HALF);
    const count = size[y]!;
    // Four rows at a time: most outputs have no more, and the sums are then read and written once.
    for (let k = 0; k < count; k += 4) {
      const at = y * stride + k;
      const a = (first[y]! - firstRow + k) * row;
      const [b, c, d] = [
        k + 1 < count ? a + row : a,
        k + 2 < count ? a + 2 * row : a,
        k + 3 < count ? a + 3 * row : a,
      ];
      const u = weights[at]!;
      const [v, w, z] = [
        b === a ? 0 : weights[at + 1]!,
        c === a ? 0 : weights[at + 2]!,
        d === a ? 0 : weights[at + 3]!,
      ];
      for (let x = 0; x < row; x++) {
        sums[x] =
          (sums[x]! +
            Math.imul(data[a + x]!, u) +
            Math.imul(data[b + x]!, v) +
            Math.imul(data[c + x]!, w) +
            Math.imul(data[d + x]!, z)) |
          0;
      }
    }
    for (let x = 0, o = y * row; x < row; x++, o++) out[o] = sums[x]! >> PRECISION;
  }
  return new Uint8Array(out.buffer);
}

/**
 * The middle of a picture, as it is evaluated: resized so that [height, width] is `part` of its tighter side (its
 * shorter one, for squares), and cut to that. Smaller pictures are enlarged. 224 of 0.875 is 224 of 256.
 */
export function centred(
  picture: Picture,
  size: { readonly height: number; readonly width: number },
  part: number,
  interpolation: Interpolation = 'bilinear',
): Picture {
  const { height, width } = size;
  if (!(part > 0 && part <= 1)) {
    throw new MaNetError('bad-argument', `A crop of ${part} of the shorter side cannot be cut.`, {
      where: 'crop',
      hint: 'give a part above 0 and up to 1; 0.875 is usual.',
    });
  }
  const tall = Math.floor(height / part);
  const wide = Math.floor(width / part);
  const whole =
    picture.height * width <= picture.width * height
      ? { height: tall, width: Math.trunc((tall * picture.width) / picture.height) }
      : { height: Math.trunc((wide * picture.height) / picture.width), width: wide };
  const window = {
    top: roundHalfEven((whole.height - height) / 2),
    left: roundHalfEven((whole.width - width) / 2),
    height,
    width,
  };
  return resize(picture, whole, { window, interpolation });
}
