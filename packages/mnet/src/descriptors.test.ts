import '../test/backend.ts';
import { Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { kernelsOf } from '../test/oracle.ts';
import { expectClose, expectNoLeak } from '../test/tensors.ts';
import { descriptors } from './descriptors.ts';

describe('descriptors', () => {
  const dense = [{ ...kernelsOf([[2, 2, 1]])[0]!, preAxis: 0, postAxis: 1 }];

  test('are magnitudes relative to the layer', () => {
    // Magnitudes 1 3 2 2, mean 2.
    const { layer0 } = descriptors(dense, { layer0: tf.tensor2d([1, -3, 2, -2], [2, 2]) });
    expectClose(layer0!, { shape: [2, 2], data: [0.5, 1.5, 1, 1] });
  });

  test('do not let a kernel cancel: signs are dropped before the mean', () => {
    const kernels = kernelsOf([[1, 2, 3]]);
    const edge = [1, 0, -1].flatMap((x) => [x, 0.5 * x]);
    const weight = tf.tensor4d([...edge, ...edge, ...edge], [3, 3, 1, 2]);
    // Mean magnitudes 2/3 and 1/3, mean of both 1/2.
    expectClose(descriptors(kernels, { layer0: weight })['layer0']!, { shape: [1, 2], data: [4 / 3, 2 / 3] });
  });

  test('have mean 1, whatever the scale of the weights, and survive a layer of zeros', () => {
    const kernels = kernelsOf([[5, 4, 3]]);
    const weight = tf.tensor(Rng.fromSeed(1).normals(180, 1), [3, 3, 5, 4]);
    const d = descriptors(kernels, { layer0: weight })['layer0']!;
    expect(tf.mean(d).dataSync()[0]).toBeCloseTo(1, 5);
    expectClose(descriptors(kernels, { layer0: tf.mul(weight, 1e-3) })['layer0']!, d);
    expectClose(descriptors(kernels, { layer0: tf.zerosLike(weight) })['layer0']!, tf.zeros([5, 4]));
  });

  test('name the kernel that is missing, and leave nothing behind', () => {
    expect(() => descriptors(dense, {})).toThrowError(expect.objectContaining({ code: 'network-mismatch' }));
    const weights = { layer0: tf.ones([2, 2]) };
    expectNoLeak(() => descriptors(dense, weights));
  });
});
