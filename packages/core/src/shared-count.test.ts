import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import '../test/cpu.ts';
import { sharedCount } from './index.ts';

test.each([
  [
    [3, 5],
    [8, 2],
  ],
  [
    [0, 4],
    [1, 7],
  ],
  [
    [0, 0],
    [2, 6],
  ],
])(
  'the mean over ranks of losses by it is the loss of one process: %j objects, sums %j',
  async (counts, sums) => {
    const total = (of: readonly number[]): number => of.reduce((a, b) => a + b, 0);
    const mean = tf.scalar(total(counts) / counts.length);
    const ranks = { size: counts.length, mean: () => mean, syncBatchNorm: false };
    const losses = sums.map((sum, r) => tf.div(sum, sharedCount(tf.scalar(counts[r]!), 1, ranks)));
    const [shared] = await tf.mean(tf.stack(losses)).data();
    const [alone] = await tf.div(total(sums), sharedCount(tf.scalar(total(counts)), 1)).data();
    expect(shared).toBeCloseTo(alone!, 6);
  },
);
