// Augmentation on the host. Everything random about an image is drawn first (a `Placement`), from a generator
// of its own; writing the pixels is then a pure function.

import { MaNetError, type Rng } from '@ma-net/core';
import type { ImageSet } from './image-set.ts';

/** What is done to a training image; nothing unless named. Applied in this order. */
export interface Augmentation {
  /** Pad by so many pixels on every side and crop the original size back at a random place. */
  readonly padCrop?: number;
  /** Pixel value of the padding (0 is black, 128 grey); the channel means unless given, 0 once normalised. */
  readonly padValue?: number;
  /** Mirror left and right with probability 1/2. */
  readonly flip?: boolean;
  /** Blank a square of this side around a random pixel, clipped at the border (DeVries & Taylor 2017). */
  readonly cutout?: number;
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

/** Writes images of one set, normalised, into batches. */
export interface ImageWriter {
  /** Writes image `index`, placed, into `out` [B, H, W, C] as its image `at`. */
  write(index: number, placement: Placement, out: Float32Array, at: number): void;
}

/** Tabulates (value / white - mean) / std once, so that writing a pixel is a look-up. */
export function imageWriter(set: ImageSet, padValue?: number): ImageWriter {
  checkNormalisation(set);
  const [height, width, channels] = set.shape;
  const { mean, std } = set.normalisation;
  const normalise = (value: number, c: number) => (value / set.white - mean[c]!) / std[c]!;
  const table = Float32Array.from({ length: channels * 256 }, (_, i) => normalise(i & 255, i >> 8));
  const pad = Float32Array.from({ length: channels }, (_, c) =>
    padValue === undefined ? 0 : normalise(padValue, c),
  );
  const { images } = set;
  const pixels = height * width * channels;

  return {
    write(index, { dx, dy, mirrored, blank }, out, at) {
      let o = at * pixels;
      for (let y = 0; y < height; y++) {
        const sourceY = y + dy;
        const row = index * pixels + sourceY * width * channels;
        const rowInside = sourceY >= 0 && sourceY < height;
        const rowBlank = y >= blank.top && y < blank.bottom;
        for (let x = 0; x < width; x++) {
          const sourceX = (mirrored ? width - 1 - x : x) + dx;
          if (rowBlank && x >= blank.left && x < blank.right) {
            for (let c = 0; c < channels; c++) out[o++] = 0;
          } else if (rowInside && sourceX >= 0 && sourceX < width) {
            const source = row + sourceX * channels;
            for (let c = 0; c < channels; c++) out[o++] = table[(c << 8) + images[source + c]!]!;
          } else {
            for (let c = 0; c < channels; c++) out[o++] = pad[c]!;
          }
        }
      }
    },
  };
}

function checkNormalisation({ name, shape, white, normalisation: { mean, std } }: ImageSet): void {
  const channels = shape[2];
  const usable = mean.every(Number.isFinite) && std.every((s) => Number.isFinite(s) && s > 0) && white > 0;
  if (usable && mean.length === channels && std.length === channels) return;
  throw new MaNetError(
    'bad-argument',
    `Images of ${channels} channels cannot be normalised by mean [${mean.join(', ')}], std [${std.join(', ')}], white ${white}.`,
    {
      where: `"${name}"`,
      hint: `give one finite mean and one positive std for each channel, and a positive white.`,
    },
  );
}
