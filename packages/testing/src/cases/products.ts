import * as tf from '@tensorflow/tfjs-core';
import { type Case, normal } from '../case.ts';

const sizes = [
  [1, 1, 1],
  [5, 3, 4],
  [16, 17, 18],
  [64, 10, 64],
  [7, 1, 300],
  [1, 9, 33],
] as const;

const transposes = [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
] as const;

const batched: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [2, 3],
    [2, 3],
  ],
  [[4], [4]],
  [[4], []],
  [[1], [4]],
  [[2, 3], [3]],
  [[2, 3], [1]],
];

/** Matrix products with all transposes, and the batches that tfjs broadcasts. */
export const products: readonly Case[] = [
  ...sizes.flatMap(([m, n, k]) =>
    transposes.map(
      ([a, b]): Case => ({
        name: `matMul > [${m}, ${k}] [${k}, ${n}]${a ? ', a transposed' : ''}${b ? ', b transposed' : ''}`,
        inputs: (rng) => ({
          a: normal(rng, ...(a ? [k, m] : [m, k])),
          b: normal(rng, ...(b ? [n, k] : [k, n])),
        }),
        run: (t) => tf.matMul(t['a']!, t['b']!, a, b),
      }),
    ),
  ),
  ...batched.flatMap(([left, right]) =>
    [false, true].map(
      (b): Case => ({
        name: `matMul > batch [${left.join(', ')}] by batch [${right.join(', ')}]${b ? ', b transposed' : ''}`,
        inputs: (rng) => ({
          a: normal(rng, ...left, 5, 3),
          b: normal(rng, ...right, ...(b ? [4, 3] : [3, 4])),
        }),
        run: (t) => tf.matMul(t['a']!, t['b']!, false, b),
        // tfjs does not sum the gradient of a factor over the batch that it repeats along.
        ...(left.join() === right.join() ? {} : { wrt: [] }),
      }),
    ),
  ),
];
