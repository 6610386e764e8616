// Masks of detections, after the network: the same filters as `dynamicMasks` over arrays, and the way from their logits
// to pixels of the image. Suffixes: I instances, H height, W width, C channels of the mask features.

import type { ImageSize } from './detections.ts';
import { dynamicLayers } from './dynamic-masks.ts';

/** Mask features [H, W, C] of an image. */
export interface HostFeatures {
  readonly data: ArrayLike<number>;
  readonly height: number;
  readonly width: number;
  readonly maskChannels: number;
  /** Pixels of the image per pixel of the features; 8 unless given. */
  readonly stride?: number;
  /** Channels between the layers; 8 unless given. */
  readonly channels?: number;
}

/** Where an instance was found: in which level, at which pixel (x, y); and what was written there. */
export interface HostInstance {
  readonly parameters: ArrayLike<number>;
  readonly point: readonly [x: number, y: number];
  readonly level: number;
}

/** Logits [H, W] of the mask of one instance. */
export function instanceLogits(
  { data, height, width, maskChannels, stride = 8, channels = 8 }: HostFeatures,
  { parameters, point, level }: HostInstance,
): Float32Array<ArrayBuffer> {
  const layers = dynamicLayers(maskChannels, channels);
  const size = 64 * 2 ** level;
  const middle = Math.floor(stride / 2);
  const biases = layers.reduce((sum, [out, into]) => sum + out * into, 0);
  let x = new Float64Array(maskChannels + 2);
  let y = new Float64Array(Math.max(channels, maskChannels + 2));
  const logits = new Float32Array(height * width);
  for (let i = 0; i < height * width; i++) {
    if (x.length < y.length) [x, y] = [y, x];
    x[0] = (point[0] - (middle + stride * (i % width))) / size;
    x[1] = (point[1] - (middle + stride * Math.floor(i / width))) / size;
    for (let c = 0; c < maskChannels; c++) x[c + 2] = data[i * maskChannels + c]!;
    let [weight, bias] = [0, biases];
    for (const [l, [out, into]] of layers.entries()) {
      for (let o = 0; o < out; o++) {
        let sum = parameters[bias++]!;
        for (let k = 0; k < into; k++) sum += parameters[weight++]! * x[k]!;
        y[o] = l < layers.length - 1 ? Math.max(0, sum) : sum;
      }
      [x, y] = [y, x];
    }
    logits[i] = x[0]!;
  }
  return logits;
}

/** An image on its way: padded for the network, resized (`sizes_B2` of a batch), and as it was (`originals_B2`). */
export interface MaskSizes {
  readonly padded: ImageSize;
  readonly resized: ImageSize;
  readonly original: ImageSize;
}

/** Probabilities [2 H, 2 W] of logits [H, W], which are interpolated as `alignedBilinear` does. */
export function maskProbabilities(
  logits: ArrayLike<number>,
  [height, width]: readonly [number, number],
): Float32Array<ArrayBuffer> {
  const [down, along] = [height, width].map((size) => shares(size, 2, 2 * size, 2 * size)) as [
    Shares,
    Shares,
  ];
  const found = new Float32Array(4 * height * width);
  const row = new Float64Array(width);
  for (let y = 0; y < 2 * height; y++) {
    writeRow(logits, down, y, row);
    for (let x = 0; x < 2 * width; x++)
      found[y * 2 * width + x] = 1 / (1 + Math.exp(-pointOf(row, along, x)));
  }
  return found;
}

/**
 * The mask, 0 and 1, at the size of the original image, of probabilities [height, width] that cover the padded one:
 * where they are over 1/2 once they are interpolated to its pixels (as `alignedBilinear` does), cut to what is no
 * padding, and interpolated to the original's.
 */
export function maskAtSize(
  probabilities: ArrayLike<number>,
  [height, width]: readonly [number, number],
  { padded, resized, original }: MaskSizes,
): Uint8Array<ArrayBuffer> {
  const down = shares(height, padded[0] / height, resized[0], original[0]);
  const along = shares(width, padded[1] / width, resized[1], original[1]);
  const mask = new Uint8Array(original[0] * original[1]);
  const row = new Float64Array(width);
  for (let y = 0; y < original[0]; y++) {
    writeRow(probabilities, down, y, row);
    // What is interpolated is never over what it is interpolated from.
    if (row.every((p) => p <= 0.5)) continue;
    for (let x = 0; x < original[1]; x++) if (pointOf(row, along, x) > 0.5) mask[y * original[1] + x] = 1;
  }
  return mask;
}

/** Along one side: four positions for every new one, and their shares. */
interface Shares {
  readonly from: Int32Array;
  readonly share: Float64Array;
}

/** Row `y` of the new ones, not yet interpolated along. */
function writeRow(map: ArrayLike<number>, { from, share }: Shares, y: number, row: Float64Array): void {
  row.fill(0);
  for (let t = 4 * y; t < 4 * y + 4; t++) {
    const [start, part] = [from[t]! * row.length, share[t]!];
    if (part !== 0) for (let x = 0; x < row.length; x++) row[x]! += part * map[start + x]!;
  }
}

function pointOf(row: Float64Array, { from, share }: Shares, x: number): number {
  let sum = 0;
  for (let t = 4 * x; t < 4 * x + 4; t++) sum += share[t]! * row[from[t]!]!;
  return sum;
}

/** From `size` positions to `times` as many, cut to `resized`, and from these to `original`. */
function shares(size: number, times: number, resized: number, original: number): Shares {
  const from = new Int32Array(4 * original);
  const share = new Float64Array(4 * original);
  for (let to = 0; to < original; to++) {
    const at = Math.max(0, ((to + 0.5) * resized) / original - 0.5);
    const pixel = Math.floor(at);
    for (const [k, [p, part]] of (
      [
        [pixel, 1 - (at - pixel)],
        [Math.min(resized - 1, pixel + 1), at - pixel],
      ] as const
    ).entries()) {
      const inside = Math.max(0, (p - Math.floor(times / 2)) / times);
      const before = Math.floor(inside);
      const t = 4 * to + 2 * k;
      [from[t], from[t + 1]] = [before, Math.min(size - 1, before + 1)];
      [share[t], share[t + 1]] = [part * (1 - (inside - before)), part * (inside - before)];
    }
  }
  return { from, share };
}
