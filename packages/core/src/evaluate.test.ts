import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import '../test/cpu.ts';
import type { Batch } from './batch-source.ts';
import { defineNetwork } from './define.ts';
import { evaluate } from './evaluate.ts';
import type { Task } from './task.ts';

/** x times 2, compared with what it should be. */
const task: Task<Batch, number> = {
  name: 'twice',
  network: defineNetwork('twice', { x: [1] }, (net, { x }) => ({ y: net.add(x, x) })),
  headline: { measure: 'right', better: 'larger' },
  inputs: ({ given }) => ({ x: given! }),
  loss: () => ({ loss: tf.scalar(0) }),
  decode: ({ y }) => [...y!.data],
  meter() {
    const right: boolean[] = [];
    return {
      add: (found, { wanted }) => right.push(...found.map((y, i) => y === wanted!.data[i])),
      result: () => ({ right: right.filter(Boolean).length / right.length }),
    };
  },
};

const batches = (): Batch[] => [
  { given: tf.tensor2d([[1], [2]]), wanted: tf.tensor1d([2, 4]) },
  { given: tf.tensor2d([[3], [4]]), wanted: tf.tensor1d([6, 9]) },
];
const weights = { params: {}, stats: {} };

test('measures are of all predictions, and nothing stays behind', async () => {
  const before = tf.memory().numTensors;
  expect(await evaluate(task, weights, batches())).toEqual({ right: 0.75 });
  expect(tf.memory().numTensors).toBe(before);
});
