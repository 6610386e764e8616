// Batches of two shapes train one set of weights, and the engine compiles one graph for each of them.

import { onnx } from '@ma-net/backend-onnx';
import {
  type Bucket,
  conv2d,
  crossEntropy,
  type Dataset,
  dense,
  globalAveragePool,
  Rng,
  startBackend,
  sync,
  valueAndGrad,
} from '@ma-net/core';
import { createSource, imageCollate, type ImageSample, tensorSource } from '@ma-net/data';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

const buckets: Bucket[] = [
  { height: 8, width: 16, batch: 6 },
  { height: 16, width: 8, batch: 6 },
];

/** Wide and tall pictures of all sizes: bright ones are class 1. */
const pictures = (count: number): Dataset<ImageSample> => {
  const sizeOf = (i: number): readonly [number, number] =>
    i % 2 === 0 ? [9 + (i % 5), 20] : [21, 10 + (i % 4)];
  return {
    name: 'pictures',
    size: count,
    fingerprint: 'pictures',
    sizeOf,
    labelOf: (i) => Math.floor(i / 2) % 2,
    read: async (i) => {
      const [height, width] = sizeOf(i);
      const rng = Rng.fromSeed(i);
      const label = Math.floor(i / 2) % 2;
      const data = Uint8Array.from({ length: height * width * 3 }, () => rng.integer(140) + 110 * label);
      return { image: { height, width, channels: 3, data }, label, where: `picture ${i}` };
    },
  };
};

test('two buckets train one network, with one graph each', async () => {
  await startBackend(onnx);
  const collate = imageCollate({
    buckets,
    channels: 3,
    white: 255,
    normalisation: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    classes: 2,
    augment: { flip: true },
  });
  const source = tensorSource(createSource(pictures(48), collate, { rng: Rng.fromSeed(0) }));
  expect(source.batchesPerEpoch).toBe(8);

  const rng = Rng.fromSeed(1);
  let params: Record<string, tf.Tensor> = {
    kernel: tf.tensor(rng.normals(3 * 3 * 3 * 4, 0.3), [3, 3, 3, 4]),
    weight: tf.tensor(rng.normals(4 * 2, 0.5), [4, 2]),
    bias: tf.zeros([2]),
  };
  await sync();
  const { counters } = tf.backend() as unknown as { readonly counters: { readonly compiles: number } };
  const compiled: number[] = [];
  const shapes = new Set<string>();
  const losses: number[] = [];
  for (let b = 0; b < 24; b++) {
    const { images_BHWC, labels_B } = await source.next();
    shapes.add(images_BHWC.shape.join(' x '));
    const before = counters.compiles;
    const { value, grads } = valueAndGrad(
      (p) => {
        const x = tf.relu(conv2d(images_BHWC, p['kernel'] as tf.Tensor4D, { stride: 1, pad: 1 }));
        const logits = dense(globalAveragePool(x), p['weight'] as tf.Tensor2D, p['bias'] as tf.Tensor1D);
        return { value: crossEntropy(logits as tf.Tensor2D, labels_B), aux: {} };
      },
      params,
      Object.keys(params),
    );
    const next = tf.tidy(() =>
      Object.fromEntries(
        Object.entries(params).map(([name, p]) => [name, tf.sub(p, tf.mul(grads[name]!, 0.5))]),
      ),
    );
    tf.dispose([params, grads, images_BHWC, labels_B]);
    params = next;
    const [[loss]] = await Promise.all([value.data(), sync()]);
    value.dispose();
    losses.push(loss!);
    compiled.push(counters.compiles - before);
  }
  expect([...shapes].sort()).toEqual(['6 x 16 x 8 x 3', '6 x 8 x 16 x 3']);
  // Each shape compiles when it is first seen; what follows finds its graph.
  expect(compiled.reduce((sum, n) => sum + n)).toBe(2);
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;
  expect(mean(losses.slice(-8))).toBeLessThan(0.5 * mean(losses.slice(0, 4)));
  await source.close();
});
