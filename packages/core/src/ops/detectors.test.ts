// What detectors ask of layers: attention that drops weights, biases that start elsewhere, and images at points.

import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import '../../test/cpu.ts';
import { expectClose } from '../../test/numerics.ts';
import { defineNetwork } from '../define.ts';
import { Rng } from '../rng.ts';
import { takeRows } from '../rows.ts';
import { sampleAt } from '../sample-at.ts';

test('attention weights drop at random while training, each head by itself', async () => {
  const network = defineNetwork('drops', { q: [3, 4], k: [50, 4], v: [50, 4] }, (net, { q, k, v }) => ({
    y: net.attention(q, k, v, { headDim: 2, dropout: { name: 'a', rate: 0.4 } }),
    other: net.attention(q, k, v, { headDim: 2, dropout: { name: 'b', rate: 0.4 } }),
    plain: net.attention(q, k, v, { headDim: 2 }),
  }));
  // All weights are alike and all values one: what comes out is the part that stayed, scaled up.
  const inputs = { q: tf.zeros([1, 3, 4]), k: tf.zeros([1, 50, 4]), v: tf.ones([1, 50, 4]) };
  const run = (training: boolean) =>
    network.forward({}, {}, inputs, training ? { training, rng: Rng.fromSeed(4) } : { training }).outputs;
  const { y, other } = run(true);
  const parts = [...(await y.data())];
  for (const part of parts) expect(Math.abs(((part * 0.6 * 50) % 1) - 0.5)).toBeGreaterThan(0.49);
  const heads = parts.filter((_, i) => i % 2 === 0);
  expect(new Set(heads).size).toBeGreaterThan(2);
  expect(parts.filter((_, i) => i % 2 === 1)).toEqual(heads);
  expect([...(await other.data())]).not.toEqual(parts);
  expect([...(await run(true).y.data())]).toEqual(parts);
  const still = run(false);
  expect([...(await still.y.data())]).toEqual([...(await still.plain.data())]);
  expect(() =>
    defineNetwork('drops', { x: [3, 4] }, (net, { x }) => ({
      y: net.attention(x, x, x, { headDim: 2, dropout: { name: 'a', rate: 1 } }),
    })),
  ).toThrow(expect.objectContaining({ code: 'bad-argument' }));
});

test('the bias of a dense layer starts as it is asked to', async () => {
  const biasInit = { kind: 'constant', value: -3 } as const;
  const network = defineNetwork('biased', { x: [4] }, (net, { x }) => ({
    y: net.dense('fc', x, { out: 2, biasInit }),
  }));
  expect([...(await network.init(Rng.fromSeed(0)).params['fc.bias']!.data())]).toEqual([-3, -3]);
});

test('takeRows and sampleAt: rows by index, and between positions by column and row', async () => {
  const table = tf.tensor3d([1, 2, 3, 4, 5, 6], [1, 3, 2]);
  expect([...(await takeRows(table, tf.tensor2d([2, -1, 0, 3], [1, 4])).data())]).toEqual([
    5, 6, 0, 0, 1, 2, 0, 0,
  ]);
  // v = 10 row + column is linear, so that it is found between its positions.
  const image = tf.tensor4d(
    Array.from({ length: 12 }, (_, i) => 10 * Math.floor(i / 4) + (i % 4)),
    [1, 3, 4, 1],
  );
  const [columns, rows] = [
    [0, 2.5, 3, 1.25, -1, 3.5],
    [0, 1.5, 2, 0.75, 1, 0],
  ] as const;
  const at = (): tf.Tensor[] => [tf.tensor2d([...columns], [1, 6]), tf.tensor2d([...rows], [1, 6])];
  const found = sampleAt(image, ...(at() as [tf.Tensor2D, tf.Tensor2D]));
  // The last one is half way to the zeros beyond the image.
  await expectClose(found, [0, 17.5, 23, 8.75, 0, 1.5]);
  const [byColumn, byRow] = tf.grads((u: tf.Tensor, v: tf.Tensor) =>
    tf.sum(sampleAt(image, u as tf.Tensor2D, v as tf.Tensor2D)),
  )(at());
  // Towards larger numbers at a position itself: at the last column that is towards zero.
  await expectClose(byColumn!, [1, 1, -23, 1, 10, -3]);
  await expectClose(byRow!, [10, 10, -23, 10, 0, 5]);
});
