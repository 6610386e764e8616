import * as tf from '@tensorflow/tfjs-core';
import { type Case, normal, whole } from '../case.ts';

type Reduction = (x: tf.Tensor, axis?: number[], keepDims?: boolean) => tf.Tensor;

const reductions: Readonly<Record<string, Reduction>> = {
  sum: tf.sum,
  mean: tf.mean,
  max: tf.max,
  min: tf.min,
  logSumExp: tf.logSumExp,
};

const axes = [undefined, [0], [1], [3], [0, 1, 2], [1, 2], [0, 2], [2, 3], [1, 3]] as const;

/** Sums, extremes and softmaxes over every kind of axes. */
export const reductions4D: readonly Case[] = [
  ...Object.entries(reductions).flatMap(([name, f]) =>
    axes.map(
      (axis, i): Case => ({
        name: `${name} > [3, 4, 5, 6] over ${axis === undefined ? 'everything' : `[${axis.join(', ')}]`}`,
        inputs: (rng) => ({ x: normal(rng, 3, 4, 5, 6) }),
        run: ({ x }) => f(x!, axis === undefined ? undefined : [...axis], i % 2 === 1),
      }),
    ),
  ),
  ...(['sum', 'mean', 'max'] as const).map(
    (name): Case => ({
      name: `${name} > whole numbers`,
      inputs: (rng) => ({ x: whole(rng, 50, 4, 5) }),
      run: ({ x }) => reductions[name]!(x!, [0]),
    }),
  ),
  {
    name: 'sum > truth values',
    inputs: (rng) => ({ x: normal(rng, 4, 5) }),
    run: ({ x }) => tf.sum(tf.greater(x!, 0), [1]),
    wrt: [],
  },
  ...(['softmax', 'logSoftmax'] as const).flatMap((name) =>
    [[3, 7], [2, 3, 4, 5], [6]].map(
      (shape): Case => ({
        name: `${name} > [${shape.join(', ')}]`,
        inputs: (rng) => ({ x: normal(rng, ...shape) }),
        run: ({ x }) => tf[name](x!, -1),
      }),
    ),
  ),
  ...(['argMax', 'argMin'] as const).flatMap((name) =>
    [0, 1, 2].map(
      (axis): Case => ({
        name: `${name} > [3, 4, 5] over ${axis}`,
        inputs: (rng) => ({ x: normal(rng, 3, 4, 5) }),
        run: ({ x }) => tf[name](x!, axis),
        wrt: [],
      }),
    ),
  ),
  {
    name: 'argMax > the first of equals',
    inputs: (rng) => ({ x: whole(rng, 2, 6, 8) }),
    run: ({ x }) => tf.argMax(x!, 1),
  },
  ...[1, 3, 7].map(
    (k): Case => ({
      name: `topk > ${k} of 7`,
      inputs: (rng) => ({ x: normal(rng, 4, 7) }),
      run: ({ x }) => {
        const { values, indices } = tf.topk(x!, k, true);
        return [values, indices];
      },
      wrt: [],
    }),
  ),
  {
    name: 'cumsum > along the last axis',
    inputs: (rng) => ({ x: normal(rng, 3, 6) }),
    run: ({ x }) => tf.cumsum(x!, 1),
  },
  ...(['all', 'any'] as const).map(
    (name): Case => ({
      name: `${name} > over one axis`,
      inputs: (rng) => ({ x: normal(rng, 4, 3) }),
      run: ({ x }) => tf[name](tf.greater(x!, -0.5), 1),
      wrt: [],
    }),
  ),
];
