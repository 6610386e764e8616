import * as tf from '@tensorflow/tfjs-core';
import { type Case, normal, whole } from '../case.ts';

const orders = [
  [1, 0, 2, 3],
  [0, 2, 1, 3],
  [0, 3, 1, 2],
  [0, 2, 3, 1],
  [3, 2, 1, 0],
  [2, 3, 0, 1],
  [0, 1, 3, 2],
  [0, 1, 2, 3],
] as const;

/** Moving numbers without changing them. */
export const shapes: readonly Case[] = [
  ...orders.map(
    (order): Case => ({
      name: `transpose > [2, 3, 4, 5] to order [${order.join(', ')}]`,
      inputs: (rng) => ({ x: normal(rng, 2, 3, 4, 5) }),
      run: ({ x }) => tf.transpose(x!, [...order]),
    }),
  ),
  {
    name: 'transpose > five axes, as patches are merged',
    inputs: (rng) => ({ x: normal(rng, 3, 2, 4, 2, 5) }),
    run: ({ x }) => tf.transpose(x!, [0, 2, 3, 1, 4]),
  },
  {
    name: 'transpose > matrix and whole numbers',
    inputs: (rng) => ({ x: normal(rng, 5, 7), n: whole(rng, 9, 3, 4) }),
    run: ({ x, n }) => [tf.transpose(x!), tf.transpose(n!)],
    wrt: ['x'],
  },
  {
    name: 'reshape > flat, split, squeezed, expanded',
    inputs: (rng) => ({ x: normal(rng, 2, 1, 6) }),
    run: ({ x }) => [tf.reshape(x!, [-1]), tf.reshape(x!, [3, 4]), tf.squeeze(x!), tf.expandDims(x!, 0)],
  },
  ...[0, 1, 2, -1].map(
    (axis): Case => ({
      name: `concat > three tensors along axis ${axis}`,
      inputs: (rng) => {
        const shape = (size: number): number[] => [2, 3, 4].map((s, i) => (i === (axis + 3) % 3 ? size : s));
        return { a: normal(rng, ...shape(1)), b: normal(rng, ...shape(3)), c: normal(rng, ...shape(2)) };
      },
      run: (t) => tf.concat([t['a']!, t['b']!, t['c']!], axis),
    }),
  ),
  ...[
    [
      [0, 0],
      [2, 6],
    ],
    [
      [1, 2],
      [3, 2],
    ],
    [
      [3, 5],
      [1, 1],
    ],
  ].map(
    ([begin, size]): Case => ({
      name: `slice > [5, 6] from [${begin!.join(', ')}], size [${size!.join(', ')}]`,
      inputs: (rng) => ({ x: normal(rng, 5, 6) }),
      run: ({ x }) => tf.slice(x!, begin!, size!),
    }),
  ),
  {
    name: 'slice > the middle of four axes',
    inputs: (rng) => ({ x: normal(rng, 3, 4, 5, 6) }),
    run: ({ x }) => tf.slice(x!, [1, 0, 2, 3], [2, 4, 2, 2]),
  },
  {
    name: 'stridedSlice > every second, as odd and even pixels are taken',
    inputs: (rng) => ({ x: normal(rng, 2, 6, 5, 3) }),
    run: ({ x }) => tf.stridedSlice(x!, [0, 0, 1, 0], [2, 6, 5, 3], [1, 2, 2, 1]),
    wrt: [],
  },
  {
    name: 'split > equal and unequal parts',
    inputs: (rng) => ({ x: normal(rng, 4, 8) }),
    run: ({ x }) => [...tf.split(x!, 4, 1), ...tf.split(x!, [1, 2, 5], 1), ...tf.split(x!, 2, 0)],
  },
  {
    name: 'stack > and unstack',
    inputs: (rng) => ({ a: normal(rng, 3, 4), b: normal(rng, 3, 4) }),
    run: (t) => [tf.stack([t['a']!, t['b']!], 0), tf.stack([t['a']!, t['b']!], 1), ...tf.unstack(t['a']!)],
  },
  {
    name: 'pad > unequal sides',
    inputs: (rng) => ({ x: normal(rng, 2, 3, 4, 2) }),
    run: ({ x }) =>
      tf.pad(x!, [
        [0, 0],
        [1, 2],
        [3, 0],
        [0, 1],
      ]),
  },
  {
    name: 'tile > repeats',
    inputs: (rng) => ({ x: normal(rng, 2, 3) }),
    run: ({ x }) => tf.tile(x!, [2, 3]),
  },
  {
    name: 'broadcastTo > a row to a matrix',
    inputs: (rng) => ({ x: normal(rng, 1, 5) }),
    run: ({ x }) => tf.broadcastTo(x!, [4, 5]),
  },
  ...[0, 1, 2].map(
    (axis): Case => ({
      name: `gather > [4, 5, 6] along axis ${axis}, with repeats`,
      inputs: (rng) => ({ x: normal(rng, 4, 5, 6), i: whole(rng, 4, 7) }),
      run: ({ x, i }) => tf.gather(x!, i as tf.Tensor1D, axis),
      wrt: ['x'],
    }),
  ),
  {
    name: 'reverse > two axes',
    inputs: (rng) => ({ x: normal(rng, 3, 4, 2) }),
    run: ({ x }) => tf.reverse(x!, [0, 1]),
  },
  {
    name: 'oneHot > with other values than one and zero',
    inputs: (rng) => ({ i: whole(rng, 5, 9) }),
    run: ({ i }) => [tf.oneHot(i!, 5), tf.oneHot(i!, 5, 0.9, 0.02, 'float32')],
  },
  {
    name: 'constants > zeros, ones, fill, range, like another',
    inputs: (rng) => ({ x: normal(rng, 2, 3) }),
    run: ({ x }) => [
      tf.zeros([2, 3]),
      tf.ones([2, 3], 'int32'),
      tf.fill([2, 2], 0.25),
      tf.range(0, 5, 1, 'int32'),
      tf.zerosLike(x!),
      tf.onesLike(x!),
      tf.scalar(3),
      tf.eye(3),
    ],
    wrt: [],
  },
];
