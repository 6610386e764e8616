import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { onnx } from '../adapter.ts';
import { agrees, Draw, forSeeds, random } from '../../test/oracle.ts';

const modes = [
  { alignCorners: false, halfPixelCenters: false },
  { alignCorners: true, halfPixelCenters: false },
  { alignCorners: false, halfPixelCenters: true },
];

describe('resizing agrees with the cpu backend', () => {
  test.each(modes)('bilinear and nearest, %o', ({ alignCorners, halfPixelCenters }) =>
    forSeeds(8, async (draw) => {
      const image = [draw.int(1, 2), draw.int(1, 6), draw.int(1, 6), draw.int(1, 3)];
      const size: [number, number] = [draw.int(1, 9), draw.int(1, 9)];
      for (const resize of [tf.image.resizeBilinear, tf.image.resizeNearestNeighbor]) {
        await agrees(
          (x) => resize(x as tf.Tensor4D, size, alignCorners, halfPixelCenters),
          [random(draw, image)],
        );
      }
    }),
  );

  // tfjs's own kernels get the gradient of half-pixel centres wrong, mix up height and width, and one of them batches.
  test.each(modes.slice(0, 2))('gradients on square images, %o', ({ alignCorners }) =>
    forSeeds(6, async (draw) => {
      const [from, to] = [draw.int(2, 6), draw.int(2, 9)];
      for (const resize of [tf.image.resizeBilinear, tf.image.resizeNearestNeighbor]) {
        await agrees(
          (x) => resize(x as tf.Tensor4D, [to, to], alignCorners),
          [random(draw, [1, from, from, 3])],
          { gradient: true },
        );
      }
    }),
  );

  test.each(modes)(
    'the gradient is the adjoint of the resampling, %o',
    async ({ alignCorners, halfPixelCenters }) => {
      await onnx.start();
      const draw = new Draw(3);
      const [x, dy] = [random(draw, [1, 4, 7, 2]), random(draw, [1, 9, 5, 2])];
      const resize = (i: tf.Tensor): tf.Tensor =>
        tf.image.resizeBilinear(i as tf.Tensor4D, [9, 5], alignCorners, halfPixelCenters);
      const make = ({ values, shape }: typeof x): tf.Tensor => tf.tensor([...values], [...shape]);
      // <resize(x), dy> = <x, resizeT(dy)> for every x and dy.
      const sides = tf.tidy(() => {
        const [a, b] = [make(x), make(dy)];
        return [tf.sum(tf.mul(resize(a), b)), tf.sum(tf.mul(a, tf.grad(resize)(a, b)))];
      });
      const [left, right] = await Promise.all(sides.map(async (t) => (await t.data())[0]!));
      expect(right).toBeCloseTo(left!, 3);
    },
  );
});
