// A narrow Faster R-CNN of detectron2, its numbers, and the same network here.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type HostTensor, type Rng, type Safetensors } from '@ma-net/core';
import { readSafetensors } from '@ma-net/core/node';
import type { CocoBatch } from '@ma-net/data-coco';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { rcnnNetwork, type RcnnRules, rcnnRules, withRcnnWeights } from '../src/index.ts';

const path = (file: string): string => fileURLToPath(new URL(`../fixtures/${file}`, import.meta.url));

export const oracle = JSON.parse(readFileSync(path('detectron2.json'), 'utf8')) as {
  readonly losses: Readonly<Record<string, number>>;
  readonly total: number;
  readonly ground_truth: readonly {
    readonly boxes: readonly (readonly number[])[];
    readonly classes: readonly number[];
  }[];
  readonly image_hw: readonly (readonly [number, number])[];
  readonly padded_hw: readonly [number, number];
  readonly parameters: number;
};

export const tensors: Safetensors['tensors'] = (await readSafetensors(path('detectron2.safetensors')))
  .tensors;
export const numbers = (name: string): number[] => Array.from(tensors[name]!.data);

/** In PyTorch's layout, as a file of detectron2 has them. */
const file: Record<string, HostTensor> = Object.fromEntries(
  Object.entries(tensors)
    .filter(([name]) => name.startsWith('w/'))
    .map(([name, tensor]) => [name.slice(2), toTorch(tensor)]),
);

export function toTorch(tensor: HostTensor): HostTensor {
  const { shape, data } = tensor;
  if (shape.length !== 2 && shape.length !== 4) return tensor;
  const [out, into] = [shape.at(-1)!, shape.at(-2)!];
  const area = shape.length === 2 ? 1 : shape[0]! * shape[1]!;
  const moved = new Float32Array(data.length);
  for (let p = 0; p < area; p++)
    for (let i = 0; i < into; i++)
      for (let o = 0; o < out; o++) moved[(o * into + i) * area + p] = data[(p * into + i) * out + o]!;
  return {
    ...tensor,
    shape: shape.length === 2 ? [out, into] : [out, into, shape[0]!, shape[1]!],
    data: moved,
  };
}

const all = rcnnRules('detectron2');
/** As the reference was run. No box of these images has more than six pixels in a cell. */
export const rules: RcnnRules = {
  ...all,
  rpn: { ...all.rpn, perLevel: [2000, 2000] },
  roi: { ...all.roi, align: { ...all.roi.align, sampling: { adaptive: true, most: 6 } } },
};

const shape = {
  body: { block: 'bottleneck', depths: [3, 4, 6, 3], stem: 'imagenet', width: 2, stemWidth: 4 },
  width: 4,
  hidden: 6,
  classes: 3,
  images: [...oracle.padded_hw, 3],
} as const;

export const { network, report } = withRcnnWeights(rcnnNetwork('narrow', shape, rules), file);

/** Of red, green and blue from 0 to 255. */
const [MEAN, STD] = [
  [123.675, 116.28, 103.53],
  [58.395, 57.12, 57.375],
];

/** Both images with their objects, or one of them. */
export function batchOf(images: readonly number[] = [0, 1]): CocoBatch {
  return normalised(
    images.map((image) => ({ data: tensors[`image${image}_rgb`]!.data, size: oracle.image_hw[image]! })),
    images.map((image) => oracle.ground_truth[image]!),
  );
}

/** A batch of 128 x 160 pixels. */
export function normalised(
  images: readonly { readonly data: ArrayLike<number>; readonly size: readonly [number, number] }[],
  objects: readonly {
    readonly boxes: readonly (readonly number[])[];
    readonly classes: readonly number[];
  }[],
): CocoBatch {
  const [height, width] = oracle.padded_hw;
  const pixels = new Float32Array(images.length * height * width * 3);
  const room = Math.max(...objects.map(({ classes }) => classes.length));
  for (const [b, { data, size }] of images.entries()) {
    const [h, w] = size;
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++)
        for (let c = 0; c < 3; c++)
          pixels[((b * height + y) * width + x) * 3 + c] = (data[(y * w + x) * 3 + c]! - MEAN[c]!) / STD[c]!;
  }
  const sizes = images.flatMap(({ size }) => [...size]);
  const slots = Array.from({ length: room }, (_, n) => n);
  return {
    images_BHWC: tf.tensor4d(pixels, [images.length, height, width, 3]),
    boxes_BN4: tf.tensor3d(objects.map(({ boxes }) => slots.map((n) => [...(boxes[n] ?? [0, 0, 0, 0])]))),
    labels_BN: tf.tensor2d(
      objects.map(({ classes }) => slots.map((n) => classes[n] ?? -1)),
      [images.length, room],
      'int32',
    ),
    sizes_B2: tf.tensor2d(sizes, [images.length, 2], 'int32'),
    originals_B2: tf.tensor2d(sizes, [images.length, 2], 'int32'),
    indices_B: tf.tensor1d(
      images.map((_, b) => b),
      'int32',
    ),
  };
}

/** Random numbers by a rule: candidate i has the number that the bits of i and of a name make, the same for all images. */
export const ruled = {
  split: () => ruled,
  uniforms: (count: number) => Float64Array.from({ length: count }, (_, i) => seeded('sample', i)),
} as unknown as Rng;

/** From -1 to 1: murmur3's last steps on the index and FNV-1a of the name. */
function seeded(name: string, i: number): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  let h = (Math.imul(i, 0x9e3779b1) + hash) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b) >>> 0;
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) >>> 0;
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 31 - 1;
}

/** Within `tolerance` of the largest magnitude. */
export function expectNear(found: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  expect(found.length).toBe(expected.length);
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(found[i]! - value)), 0);
  expect(worst / scale).toBeLessThanOrEqual(tolerance);
}
