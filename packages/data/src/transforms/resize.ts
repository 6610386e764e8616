// Separable resampling of 8-bit pictures with a filter that widens when it shrinks (antialiasing), in the fixed
// point of Pillow, so that crops and evaluation transforms give the pixels that torchvision's give.

import { MaNetError, roundHalfEven } from '@ma-net/core';
import type { Box, Picture } from './picture.ts';
import { resampleByVectors } from './vectors.ts';

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

/**
 * What each output of an axis is made of: entries of `entry` numbers, the place of its first input (counted from `first`,
 * times the distance of inputs), how many inputs it has, and their weights in fixed point.
 */
export interface Taps {
  readonly table: Int32Array;
  readonly entry: number;
  /** The inputs that are read at all. */
  readonly first: number;
  readonly inputs: number;
}

/** Outputs `from` to `from + count` of an axis of `input` pixels made `output` long. */
function taps(
  input: number,
  output: number,
  from: number,
  count: number,
  distance: number,
  filter: Interpolation,
): Taps {
  const { support, weight } = FILTERS[filter];
  const scale = input / output;
  const wide = Math.max(scale, 1);
  const reach = support * wide;
  const lowest = (i: number) => Math.max(0, Math.trunc((from + i + 0.5) * scale - reach + 0.5));
  const highest = (i: number) => Math.min(input, Math.trunc((from + i + 0.5) * scale + reach + 0.5));
  const first = lowest(0);
  const entry = 2 + Math.ceil(reach) * 2 + 1;
  const table = new Int32Array(count * entry);
  const raw = new Float64Array(entry);
  for (let i = 0; i < count; i++) {
    const centre = (from + i + 0.5) * scale;
    const low = lowest(i);
    const size = highest(i) - low;
    let sum = 0;
    for (let k = 0; k < size; k++) {
      raw[k] = weight((low + k - centre + 0.5) / wide);
      sum += raw[k]!;
    }
    table[i * entry] = (low - first) * distance;
    table[i * entry + 1] = size;
    for (let k = 0; k < size; k++) {
      const fixed = (raw[k]! / sum) * 2 ** PRECISION;
      table[i * entry + 2 + k] = Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
    }
  }
  return { table, entry, first, inputs: highest(count - 1) - first };
}

interface Part {
  readonly crop?: Box;
  readonly window?: Box;
  readonly interpolation?: Interpolation;
}

/**
 * The part `window` (all of it unless given) of `crop` of a picture, made [height, width]. Pixels outside of the
 * crop have no influence, and what is outside of the window is not computed.
 */
export function resize(
  picture: Picture,
  size: { readonly height: number; readonly width: number },
  part: Part = {},
): Picture {
  const { height, width } = part.window ?? size;
  const job = resampling(picture, size, part);
  return { height, width, channels: picture.channels, data: resampleByVectors(job) ?? resample(job) };
}

/** What `resize` is asked for, as sums. Exported for comparison. */
export function resampling(
  picture: Picture,
  { height, width }: { readonly height: number; readonly width: number },
  {
    crop = { top: 0, left: 0, height: picture.height, width: picture.width },
    window = { top: 0, left: 0, height, width },
    interpolation = 'bilinear',
  }: Part = {},
): Resampling {
  const { channels, data } = picture;
  const row = window.width * channels;
  const across = taps(crop.width, width, window.left, window.width, channels, interpolation);
  const down = taps(crop.height, height, window.top, window.height, row, interpolation);
  const pitch = picture.width * channels;
  const from = (crop.top + down.first) * pitch + (crop.left + across.first) * channels;
  return { data, from, pitch, channels, across, down, height: window.height, width: window.width };
}

/** Bytes of rows `pitch` apart, of which those from `from` on are made [height, width]. */
export interface Resampling {
  readonly data: Uint8Array;
  readonly from: number;
  readonly pitch: number;
  readonly channels: number;
  readonly across: Taps;
  readonly down: Taps;
  readonly height: number;
  readonly width: number;
}

/** In plain JavaScript: any number of channels, anywhere. Exported for comparison. */
export function resample(job: Resampling): Uint8Array {
  const { channels, across, down, height, width } = job;
  const row = width * channels;
  const narrow = new Uint8ClampedArray(down.inputs * row);
  for (let y = 0, o = 0; y < down.inputs; y++) {
    const start = job.from + y * job.pitch;
    for (let e = 0; e < across.table.length; e += across.entry) {
      for (let c = 0; c < channels; c++) {
        narrow[o++] = weighted(job.data, start + across.table[e]! + c, channels, across.table, e);
      }
    }
  }
  const out = new Uint8ClampedArray(height * row);
  for (let y = 0, o = 0; y < height; y++) {
    const e = y * down.entry;
    const start = down.table[e]!;
    for (let x = 0; x < row; x++) out[o++] = weighted(narrow, start + x, row, down.table, e);
  }
  return new Uint8Array(out.buffer);
}

/** Inputs `step` apart by the weights of the entry at `e`. */
function weighted(
  data: Uint8Array | Uint8ClampedArray,
  at: number,
  step: number,
  table: Int32Array,
  e: number,
): number {
  const end = e + 2 + table[e + 1]!;
  let sum = HALF;
  for (let w = e + 2, i = at; w < end; w++, i += step) sum = (sum + Math.imul(data[i]!, table[w]!)) | 0;
  return sum >> PRECISION;
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
