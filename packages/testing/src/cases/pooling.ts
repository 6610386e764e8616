import { avgPool, globalAveragePool } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { type Case, normal } from '../case.ts';

const windows = [
  { kernel: 2, stride: 2, pad: 0 },
  { kernel: 3, stride: 2, pad: 1 },
  { kernel: 3, stride: 1, pad: 1 },
  { kernel: 2, stride: 1, pad: 0 },
] as const;

/** Pooling with the windows of image networks. */
export const pooling: readonly Case[] = [
  ...windows.flatMap(({ kernel, stride, pad }): Case[] => [
    {
      name: `maxPool > window ${kernel}, stride ${stride}, pad ${pad}`,
      inputs: (rng) => ({ x: normal(rng, 2, 8, 6, 3) }),
      run: ({ x }) => tf.maxPool(x as tf.Tensor4D, kernel, stride, pad),
    },
    {
      name: `avgPool > window ${kernel}, stride ${stride}, pad ${pad}`,
      inputs: (rng) => ({ x: normal(rng, 2, 8, 6, 3) }),
      run: ({ x }) => tf.avgPool(x as tf.Tensor4D, kernel, stride, pad),
      // tfjs's gradient divides by the whole window, its forward pass by what lies inside the image.
      ...(pad > 0 ? { wrt: [] } : {}),
    },
    {
      name: `core's avgPool > window ${kernel}, stride ${stride}, pad ${pad}`,
      inputs: (rng) => ({ x: normal(rng, 2, 8, 6, 3) }),
      run: ({ x }) => avgPool(x as tf.Tensor4D, { kernel, stride, pad }),
    },
  ]),
  {
    name: 'globalAveragePool > images to vectors',
    inputs: (rng) => ({ x: normal(rng, 3, 4, 5, 6) }),
    run: ({ x }) => globalAveragePool(x as tf.Tensor4D),
  },
];
