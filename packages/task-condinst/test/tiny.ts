// AdelaiDet's network of narrow widths: its weights, two images, and what it makes of them (fixtures/README.md).

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type HostTensor, type Network, Rng } from '@ma-net/core';
import { readSafetensors } from '@ma-net/core/node';
import type { CocoBatch } from '@ma-net/data-coco';
import { type Detections, withCondInstWeights } from '@ma-net/detection';
import { countsFrom, decodeMask } from '@ma-net/metrics';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

type Rows = readonly (readonly number[])[];

export const oracle = JSON.parse(
  readFileSync(fileURLToPath(new URL('../fixtures/tiny.json', import.meta.url)), 'utf8'),
) as {
  readonly losses: Readonly<Record<string, number>>;
  readonly total: number;
  readonly padded_hw: readonly [number, number];
  readonly image_hw: readonly (readonly [number, number])[];
  readonly original_hw: readonly (readonly [number, number])[];
  readonly ground_truth: readonly {
    readonly boxes: Rows;
    readonly classes: readonly number[];
    readonly masks?: readonly string[];
  }[];
  readonly detections: readonly {
    readonly boxes: Rows;
    readonly scores: readonly number[];
    readonly classes: readonly number[];
    readonly masks: readonly string[];
  }[];
};
const { tensors } = await readSafetensors(
  fileURLToPath(new URL('../fixtures/tiny.safetensors', import.meta.url)),
);
export const numbers = (name: string): number[] => Array.from(tensors[name]!.data);

/** The widths of its layers, beside the mask features. */
export const narrow = {
  body: { block: 'bottleneck', depths: [3, 4, 6, 3], width: 2, stem: 'imagenet', strideIn: '1x1' },
  width: 4,
  classes: 3,
  groupWidth: 2,
  maskWidth: 4,
} as const;

/** Its stem is as wide as in the reference, twice the width of the first stage's convolutions. */
export const STEM = { 'backbone.body.conv1.weight': [7, 7, 3, 4] } as const;

/** The reference's channels are blue, green, red. */
const MEAN = [103.53, 116.28, 123.675];
const ROOM = 4;

/** Parameters and statistics of `network`, from the file. */
export function weights(network: Network): ReturnType<Network['init']> {
  const file = Object.entries(tensors).flatMap(([name, tensor]): [string, HostTensor][] =>
    name.startsWith('w/') ? [[name.slice(2), inTorchLayout(tensor)]] : [],
  );
  return withCondInstWeights(network, Object.fromEntries(file)).network.init(Rng.fromSeed(0));
}

/** Kernels [height, width, in, out] as [out, in, height, width]. */
function inTorchLayout(tensor: HostTensor): HostTensor {
  if (tensor.shape.length !== 4) return tensor;
  const [height, width, into, out] = tensor.shape as [number, number, number, number];
  const area = height * width;
  const data = Float32Array.from(tensor.data, (_, i) => {
    const [at, c, o] = [i % area, Math.floor(i / area) % into, Math.floor(i / area / into)];
    return tensor.data[(at * into + c) * out + o]!;
  });
  return { shape: [out, into, height, width], dtype: 'float32', data };
}

/** The two images as a batch. */
export function batch(): CocoBatch {
  const [height, width] = oracle.padded_hw;
  const images = new Float32Array(2 * height * width * 3);
  const boxes = new Float32Array(2 * ROOM * 4);
  const labels = new Int32Array(2 * ROOM).fill(-1);
  const masks = new Float32Array((2 * ROOM * height * width) / 16);
  const centres = new Float32Array(2 * ROOM * 2);
  for (const [b, { boxes: own, classes, masks: outlines }] of oracle.ground_truth.entries()) {
    const [rows, columns] = oracle.image_hw[b]!;
    numbers(`image${b}_bgr`).forEach((value, i) => {
      const [c, x, y] = [i % 3, Math.floor(i / 3) % columns, Math.floor(i / 3 / columns)];
      images[3 * ((b * height + y) * width + x) + c] = value - MEAN[c]!;
    });
    boxes.set(own.flat(), b * ROOM * 4);
    labels.set(classes, b * ROOM);
    outlines?.forEach((outline, n) => {
      const size = sizeOfMask(outline, [
        [rows, columns],
        [height, width],
      ]);
      const mask = decodeMask({ size, counts: countsFrom(outline, size, 'fixtures/tiny') });
      let [count, sumX, sumY] = [0, 0, 0];
      mask.forEach((seen, i) => {
        if (seen === 0) return;
        const [x, y] = [i % size[1], Math.floor(i / size[1])];
        [count, sumX, sumY] = [count + 1, sumX + x, sumY + y];
        if (x % 4 !== 2 || y % 4 !== 2) return;
        masks[(((b * ROOM + n) * height) / 4 + (y - 2) / 4) * (width / 4) + (x - 2) / 4] = 1;
      });
      centres.set([sumX / count, sumY / count], 2 * (b * ROOM + n));
    });
  }
  return {
    images_BHWC: tf.tensor4d(images, [2, height, width, 3]),
    boxes_BN4: tf.tensor3d(boxes, [2, ROOM, 4]),
    labels_BN: tf.tensor2d(labels, [2, ROOM], 'int32'),
    masks_BNhw: tf.tensor4d(masks, [2, ROOM, height / 4, width / 4]),
    centres_BN2: tf.tensor3d(centres, [2, ROOM, 2]),
    sizes_B2: tf.tensor2d(oracle.image_hw.flat(), [2, 2], 'int32'),
    originals_B2: tf.tensor2d(oracle.original_hw.flat(), [2, 2], 'int32'),
    indices_B: tf.tensor1d([0, 1], 'int32'),
  };
}

/** Which of the sizes the run lengths fill. */
function sizeOfMask(
  outline: string,
  sizes: readonly (readonly [number, number])[],
): readonly [number, number] {
  return sizes.find((size) => {
    try {
      countsFrom(outline, size, '');
      return true;
    } catch {
      return false;
    }
  })!;
}

/** Within `tolerance` of the largest magnitude. */
export function expectNear(found: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  expect(found.length).toBe(expected.length);
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(found[i]! - value)), 0);
  expect(worst / scale).toBeLessThanOrEqual(tolerance);
}

/** The reference's name of a parameter of ours. */
export function theirs(name: string): string {
  return name
    .replace('backbone.body.conv1', 'backbone.bottom_up.stem.conv1')
    .replace(/backbone\.body\.layer(\d)\./, (_, stage) => `backbone.bottom_up.res${Number(stage) + 1}.`)
    .replace('downsample.0', 'shortcut')
    .replace(/fpn\.inner_blocks\.(\d)\.0/, (_, i) => `fpn_lateral${Number(i) + 3}`)
    .replace(/fpn\.layer_blocks\.(\d)\.0/, (_, i) => `fpn_output${Number(i) + 3}`)
    .replace('fpn.extra_blocks', 'top_block');
}

/** Boxes to a hundredth of a pixel, scores to 1e-4, masks to 0.2 % of their image. */
export function expectDetections(found: readonly Detections[]): void {
  for (const [b, expected] of oracle.detections.entries()) {
    const { boxes, labels, scores, masks } = found[b]!;
    expect([...labels]).toEqual(expected.classes);
    const apart = (ours: ArrayLike<number>, others: readonly number[]): number =>
      others.reduce((most, value, i) => Math.max(most, Math.abs(ours[i]! - value)), 0);
    expect(apart(scores, expected.scores)).toBeLessThan(1e-4);
    expect(apart(boxes, expected.boxes.flat())).toBeLessThan(1e-2);
    const size = oracle.original_hw[b]!;
    for (const [n, outline] of expected.masks.entries()) {
      const other = decodeMask({ size, counts: countsFrom(outline, size, 'fixtures/tiny') });
      const differing = decodeMask(masks![n]!).filter((value, i) => value !== other[i]).length;
      expect(differing / other.length).toBeLessThanOrEqual(0.002);
    }
  }
}
