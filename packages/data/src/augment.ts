// Augmentation on the host. Everything random about an image is drawn first (a `Placement`), from a generator
// of its own; writing the pixels is then a pure function.

import { MaNetError, type Rng } from '@ma-net/core';
import type { ImageSet, Normalisation } from './image-set.ts';
import { checkJitter, type Jitter } from './transforms/jitter.ts';
import type { ResizedCrop } from './transforms/crop.ts';
import type { Mixing } from './transforms/mix.ts';
import type { RandAugment } from './transforms/policies.ts';
import type { Interpolation } from './transforms/resize.ts';

/** What is done to a training image; nothing unless named. Applied in this order, mixing at the end. */
export interface Augmentation extends Mixing {
  /** A random box of the image, resized to the size of the batch; otherwise its middle is. */
  readonly resizedCrop?: ResizedCrop & { readonly interpolation?: Interpolation };
  /** Pad by so many pixels on every side and crop the original size back at a random place. */
  readonly padCrop?: number;
  /** Pixel value of the padding (0 is black, 128 grey); the channel means unless given, 0 once normalised. */
  readonly padValue?: number;
  /** Mirror left and right with probability 1/2. */
  readonly flip?: boolean;
  /** Changes of colour and geometry drawn from a published policy. */
  readonly policy?: 'autoaugment-cifar' | 'randaugment-increasing' | RandAugment;
  /** Brightness, contrast, saturation and hue in a random order, each by a random factor. */
  readonly jitter?: Jitter;
  /** Probability of an image without colours. */
  readonly grey?: number;
  /** Blank a square of this side around a random pixel, clipped at the border (DeVries & Taylor 2017). */
  readonly cutout?: number;
  /** Probability that a random box is filled with noise (Zhong et al. 2020), after normalisation. */
  readonly erase?: number;
}

/** What was drawn for one image. */
export interface Placement {
  /** Offset of the crop, -padCrop to padCrop. */
  readonly dx: number;
  readonly dy: number;
  readonly mirrored: boolean;
  /** Blank rows [top, bottom) and columns [left, right) of the result. */
  readonly blank: {
    readonly top: number;
    readonly bottom: number;
    readonly left: number;
    readonly right: number;
  };
}

const NOTHING = { top: 0, bottom: 0, left: 0, right: 0 };

/** An image as it is. */
export const UNTOUCHED: Placement = { dx: 0, dy: 0, mirrored: false, blank: NOTHING };

/** Draws what happens to one image of [H, W, C]. */
export function place(
  augmentation: Augmentation,
  shape: readonly [number, number, number],
  rng: Rng,
): Placement {
  const { padCrop = 0, flip = false, cutout = 0 } = augmentation;
  const [height, width] = shape;
  const dy = padCrop > 0 ? rng.integer(2 * padCrop + 1) - padCrop : 0;
  const dx = padCrop > 0 ? rng.integer(2 * padCrop + 1) - padCrop : 0;
  const mirrored = flip && rng.integer(2) === 1;
  if (cutout === 0) return { dx, dy, mirrored, blank: NOTHING };
  const top = rng.integer(height) - Math.floor(cutout / 2);
  const left = rng.integer(width) - Math.floor(cutout / 2);
  const blank = {
    top: Math.max(0, top),
    bottom: Math.min(height, top + cutout),
    left: Math.max(0, left),
    right: Math.min(width, left + cutout),
  };
  return { dx, dy, mirrored, blank };
}

/** What pixel values mean. */
export interface Scale {
  readonly channels: number;
  /** The pixel value that counts as 1: 255 for photographs. */
  readonly white: number;
  readonly normalisation: Normalisation;
}

/** Writes images, normalised, into batches. */
export interface PixelWriter {
  /** Writes [height, width, C] of `pixels` from `start` on, placed, into `out` [B, height, width, C] as image `at`. */
  write(
    pixels: Uint8Array,
    start: number,
    size: { readonly height: number; readonly width: number },
    placement: Placement,
    out: Float32Array,
    at: number,
  ): void;
}

/** Writes images of one set, normalised, into batches. */
export interface ImageWriter {
  /** Writes image `index`, placed, into `out` [B, H, W, C] as its image `at`. */
  write(index: number, placement: Placement, out: Float32Array, at: number): void;
}

export function imageWriter(set: ImageSet, padValue?: number): ImageWriter {
  const [height, width, channels] = set.shape;
  const writer = pixelWriter({ ...set, channels }, `"${set.name}"`, padValue);
  const pixels = height * width * channels;
  return {
    write: (index, placement, out, at) =>
      writer.write(set.images, index * pixels, { height, width }, placement, out, at),
  };
}

/** Tabulates (value / white - mean) / std once, so that writing a pixel is a look-up. */
export function pixelWriter(scale: Scale, where: string, padValue?: number): PixelWriter {
  checkNormalisation(scale, where);
  const { channels, white } = scale;
  const { mean, std } = scale.normalisation;
  const normalise = (value: number, c: number) => (value / white - mean[c]!) / std[c]!;
  const table = Float32Array.from({ length: channels * 256 }, (_, i) => normalise(i & 255, i >> 8));
  const pad = Float32Array.from({ length: channels }, (_, c) =>
    padValue === undefined ? 0 : normalise(padValue, c),
  );

  const fill = (out: Float32Array, from: number, to: number): void => {
    for (let o = from; o < to; o += channels) out.set(pad, o);
  };
  /** Pixels from `first` on, `step` values apart. */
  const copy = (
    pixels: Uint8Array,
    first: number,
    step: number,
    out: Float32Array,
    from: number,
    to: number,
  ): void => {
    let i = first;
    if (channels === 3) {
      for (let o = from; o < to; o += 3, i += step) {
        out[o] = table[pixels[i]!]!;
        out[o + 1] = table[256 + pixels[i + 1]!]!;
        out[o + 2] = table[512 + pixels[i + 2]!]!;
      }
      return;
    }
    for (let o = from; o < to; o += channels, i += step) {
      for (let c = 0; c < channels; c++) out[o + c] = table[(c << 8) + pixels[i + c]!]!;
    }
  };

  return {
    write(pixels, start, { height, width }, { dx, dy, mirrored, blank }, out, at) {
      const row = width * channels;
      // Columns of the result that the image reaches.
      const left = Math.min(width, Math.max(0, mirrored ? dx : -dx));
      const right = Math.max(left, Math.min(width, mirrored ? width + dx : width - dx));
      const firstX = (mirrored ? width - 1 - left : left) + dx;
      for (let y = 0, o = at * height * row; y < height; y++, o += row) {
        const sourceY = y + dy;
        if (sourceY < 0 || sourceY >= height) {
          fill(out, o, o + row);
        } else {
          const [from, to] = [o + left * channels, o + right * channels];
          fill(out, o, from);
          const step = mirrored ? -channels : channels;
          copy(pixels, start + sourceY * row + firstX * channels, step, out, from, to);
          fill(out, to, o + row);
        }
        if (y >= blank.top && y < blank.bottom) {
          out.fill(0, o + blank.left * channels, o + blank.right * channels);
        }
      }
    },
  };
}

function checkNormalisation({ channels, white, normalisation: { mean, std } }: Scale, where: string): void {
  const usable = mean.every(Number.isFinite) && std.every((s) => Number.isFinite(s) && s > 0) && white > 0;
  if (usable && mean.length === channels && std.length === channels) return;
  throw new MaNetError(
    'bad-argument',
    `Images of ${channels} channels cannot be normalised by mean [${mean.join(', ')}], std [${std.join(', ')}], white ${white}.`,
    {
      where,
      hint: `give one finite mean and one positive std for each channel, and a positive white.`,
    },
  );
}

/** Refuses numbers that mean nothing; `bad-argument` names the field. */
export function checkAugmentation(augmentation: Augmentation): void {
  const { padCrop = 0, padValue = 0, cutout = 0 } = augmentation;
  for (const [field, value] of Object.entries({ padCrop, cutout })) {
    if (Number.isInteger(value) && value >= 0) continue;
    throw new MaNetError('bad-argument', `${field} is ${value}; expected a whole number of pixels.`, {
      where: `augment.${field}`,
      hint: 'give 0 or leave it out to do without.',
    });
  }
  if (!Number.isFinite(padValue)) {
    throw new MaNetError('bad-argument', `padValue is ${padValue}; expected a pixel value.`, {
      where: 'augment.padValue',
      hint: 'leave it out to pad with the channel means.',
    });
  }
  for (const field of ['grey', 'erase'] as const) {
    const value = augmentation[field] ?? 0;
    if (value >= 0 && value <= 1) continue;
    throw new MaNetError('bad-argument', `${field} is ${value}; expected a probability, 0 to 1.`, {
      where: `augment.${field}`,
      hint: 'leave it out to do without.',
    });
  }
  for (const field of ['mixup', 'cutmix'] as const) {
    const value = augmentation[field] ?? 0;
    if (value >= 0 && Number.isFinite(value)) continue;
    throw new MaNetError('bad-argument', `${field} is ${value}; expected a number of at least 0.`, {
      where: `augment.${field}`,
      hint: '0.8 is usual for mixup, and 1 for cutmix; leave it out to do without.',
    });
  }
  checkJitter(augmentation.jitter ?? {});
}
