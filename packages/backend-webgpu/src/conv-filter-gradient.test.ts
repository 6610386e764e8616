import { Rng } from '@ma-net/core';
import { describeOn } from '@ma-net/testing';
import { useSwiftShader } from '@ma-net/testing/node';
import * as tf from '@tensorflow/tfjs-core';
import { test } from 'vitest';
import { expectAgreement, random } from '../test/agreement.ts';
import { webgpu } from './adapter.ts';

useSwiftShader();

describeOn(webgpu, 'convolution by its filter', () => {
  const rng = Rng.fromSeed(11);
  const shapes = Array.from({ length: 14 }, (_, i) => {
    const pick = (...values: number[]): number => values[rng.integer(values.length)]!;
    const kernel = [pick(1, 2, 3, 5), pick(1, 2, 3, 5)] as const;
    return {
      x: [
        i < 4 ? 6 : pick(1, 2, 3),
        i < 4 ? 17 : pick(5, 6, 9),
        i < 4 ? 16 : pick(5, 8, 9),
        pick(1, 3, 4, 33),
      ],
      w: [...kernel, 0, pick(1, 2, 8, 35)],
      strides: [pick(1, 2, 3), pick(1, 2, 3)] as [number, number],
      pad: (['same', 'valid', 1] as const)[rng.integer(3)]!,
    };
  });

  test.each(shapes)('%o', async ({ x, w, strides, pad }) => {
    w[2] = x[3]!;
    await expectAgreement(() => {
      const xs = random(x, 'x') as tf.Tensor4D;
      const ws = random(w, 'w') as tf.Tensor4D;
      const weigh = (y: tf.Tensor): tf.Scalar => tf.sum(tf.mul(y, random(y.shape, 'dy')));
      return tf.grad((f) => weigh(tf.conv2d(xs, f as tf.Tensor4D, strides, pad)))(ws);
    });
  });
});
