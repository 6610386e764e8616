// A network of the zoo on random images of two classes: all that a method needs to train it for a few mini-batches.

import { type Batch, crossEntropy, type Network, Rng, type Task } from '@ma-net/core';
import type { Run } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';

/** Random images [size, H, W, C], the same ones for a seed. */
export function randomImages({ inputs }: Network, size: number, seed: number): tf.Tensor {
  const shape = [size, ...inputs[0]!.shape];
  return tf.tensor(
    Rng.fromSeed(seed).normals(
      shape.reduce((a, b) => a * b),
      1,
    ),
    shape,
  );
}

export function smallTask(network: Network): Task<Batch> {
  return {
    name: 'small',
    network,
    headline: { measure: 'loss', better: 'smaller' },
    inputs: ({ images }) => ({ images: images! }),
    loss: ({ logits }, { labels }) => ({
      loss: crossEntropy(logits as tf.Tensor2D, labels as tf.Tensor1D),
    }),
    decode: () => [],
    meter: () => ({ add: () => undefined, result: () => ({}) }),
  };
}

/** Mini-batches of two images, another one every time. */
export function smallSource(network: Network, batchesPerEpoch: number): Run<Batch>['source'] {
  let drawn = 0;
  return {
    batchesPerEpoch,
    next: async () => ({
      images: randomImages(network, 2, 3 + drawn++),
      labels: tf.tensor1d([0, 1], 'int32'),
    }),
    state: () => ({}),
    restore: () => undefined,
    close: async () => undefined,
  };
}

export const smallOptions = (budget: number) =>
  ({
    seed: 0,
    budget,
    optimizer: { name: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 0 },
    learningRate: 0.01,
    schedule: { name: 'constant', warmup: 0 },
  }) as const;
