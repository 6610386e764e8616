// Batches whose images are mixed with one another: mixup (Zhang et al. 2018) and cutmix (Yun et al. 2019). Image b
// is mixed with image B - 1 - b. Targets follow: `own` of the image's label, the rest of the other's.

import type { Rng } from '@ma-net/core';
import { mixedBox } from './crop.ts';
import type { Box } from './picture.ts';

/** Images [B, H, W, C], row-major. */
export interface ImageArray {
  readonly data: Float32Array;
  readonly shape: readonly [number, number, number, number];
}

/** x own + reversed x (1 - own), in place. */
export function mixup({ data, shape: [batch] }: ImageArray, own: number): void {
  const size = data.length / batch;
  for (let b = 0; b < Math.ceil(batch / 2); b++) {
    const [i, j] = [b * size, (batch - 1 - b) * size];
    for (let k = 0; k < size; k++) {
      const [x, y] = [data[i + k]!, data[j + k]!];
      data[i + k] = x * own + y * (1 - own);
      data[j + k] = y * own + x * (1 - own);
    }
  }
}

/** Exchanges the box between an image and its partner, in place. */
export function cutmix({ data, shape: [batch, height, width, channels] }: ImageArray, box: Box): void {
  const size = height * width * channels;
  for (let b = 0; b < Math.floor(batch / 2); b++) {
    for (let y = box.top; y < box.top + box.height; y++) {
      const at = (y * width + box.left) * channels;
      for (let k = at; k < at + box.width * channels; k++) {
        const [i, j] = [b * size + k, (batch - 1 - b) * size + k];
        [data[i], data[j]] = [data[j]!, data[i]!];
      }
    }
  }
}

/** Targets [B, K] that are `own` of each label and 1 - `own` of its partner's. */
export function mixedTargets(
  labels: ArrayLike<number>,
  classes: number,
  own: number,
): Float32Array<ArrayBuffer> {
  const targets = new Float32Array(labels.length * classes);
  for (let b = 0; b < labels.length; b++) {
    targets[b * classes + labels[b]!]! += own;
    targets[b * classes + labels[labels.length - 1 - b]!]! += 1 - own;
  }
  return targets;
}

export interface Mixing {
  /** Of the Beta distribution that mixup's share is drawn from; 0.8 is usual, 0 is without. */
  readonly mixup?: number;
  /** Of cutmix; 1 is usual, 0 is without. Where both are given, each batch has one of them. */
  readonly cutmix?: number;
}

/** Mixes a batch in place, and says how much of each image and of its label is its own. */
export function mixBatch(images: ImageArray, { mixup: up = 0, cutmix: cut = 0 }: Mixing, rng: Rng): number {
  if (up === 0 && cut === 0) return 1;
  const cutting = cut > 0 && (up === 0 || rng.integer(2) === 1);
  const share = beta(cutting ? cut : up, rng);
  if (!cutting) {
    mixup(images, share);
    return share;
  }
  const [, height, width] = images.shape;
  const { box, own } = mixedBox({ height, width }, share, rng.integer(height), rng.integer(width));
  cutmix(images, box);
  return own;
}

/** A number of the distribution Beta(alpha, alpha). */
export function beta(alpha: number, rng: Rng): number {
  const [x, y] = [gamma(alpha, rng), gamma(alpha, rng)];
  return x + y === 0 ? rng.integer(2) : x / (x + y);
}

/** Marsaglia & Tsang 2000; below shape 1 a larger one is drawn and made smaller. */
function gamma(shape: number, rng: Rng): number {
  if (shape < 1) return gamma(shape + 1, rng) * (1 - rng.uniform()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = rng.normals(1, 1)[0]!;
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - rng.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}
