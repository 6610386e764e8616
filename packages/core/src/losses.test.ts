import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import '../test/cpu.ts';
import { expectClose, leaked } from '../test/numerics.ts';
import { valueAndGrad } from './gradient.ts';
import { crossEntropy } from './losses.ts';

describe('crossEntropy', () => {
  const labels = (...values: number[]): tf.Tensor1D => tf.tensor1d(values, 'int32');
  // Probabilities 1/2, 1/4, 1/8, 1/8.
  const logits = (): tf.Tensor2D => tf.tensor2d([[3, 2, 1, 1].map((n) => n * Math.LN2)]);

  test('is the negative log probability of the class', async () => {
    await expectClose(crossEntropy(logits(), labels(0)), [Math.LN2]);
    await expectClose(crossEntropy(logits(), labels(2)), [3 * Math.LN2]);
  });

  test('with smoothing s asks for 1 - s + s/K of the class and s/K of the others', async () => {
    // s = 0.4, K = 4: targets 0.7 and 0.1 each; 0.7 * 1 + 0.1 * (2 + 3 + 3) = 1.5 bits.
    await expectClose(crossEntropy(logits(), labels(0), 0.4), [1.5 * Math.LN2]);
    // Class 2: 0.1 * 1 + 0.1 * 2 + 0.7 * 3 + 0.1 * 3 = 2.7 bits.
    await expectClose(crossEntropy(logits(), labels(2), 0.4), [2.7 * Math.LN2]);
  });

  test('takes shares of classes, and is linear in them', async () => {
    // 0.75 of class 0 (1 bit) and 0.25 of class 2 (3 bits); smoothed, 0.75 * 1.5 + 0.25 * 2.7 bits as above.
    const shares = tf.tensor2d([[0.75, 0, 0.25, 0]]);
    await expectClose(crossEntropy(logits(), shares), [1.5 * Math.LN2]);
    await expectClose(crossEntropy(logits(), shares, 0.4), [1.8 * Math.LN2]);
    const x = logits();
    expect(leaked(() => crossEntropy(x, shares, 0.1).dispose())).toBe(0);
  });

  test('is the mean over the batch', async () => {
    const both = tf.concat([logits(), logits()], 0) as tf.Tensor2D;
    await expectClose(crossEntropy(both, labels(0, 2)), [2 * Math.LN2]);
  });

  test('has the gradient softmax minus target, over the batch', async () => {
    const { grads } = valueAndGrad(
      ({ x }) => ({ value: crossEntropy(x as tf.Tensor2D, labels(1), 0.4), aux: {} }),
      { x: logits() },
      ['x'],
    );
    await expectClose(grads['x']!, [0.5 - 0.1, 0.25 - 0.7, 0.125 - 0.1, 0.125 - 0.1]);
  });

  test('stays finite for confident logits', async () => {
    await expectClose(crossEntropy(tf.tensor2d([[1e4, 0]]), labels(1)), [1e4]);
  });

  test('leaves one scalar', () => {
    const [x, y] = [logits(), labels(0)];
    expect(leaked(() => crossEntropy(x, y, 0.1).dispose())).toBe(0);
    expect(crossEntropy(x, y).shape).toEqual([]);
  });
});
