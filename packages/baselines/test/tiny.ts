// A network of two kernels, and a task on it: enough for a method to be asked what it does.

import { crossEntropy, defineNetwork, Rng, type Task } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

export type Images = { readonly images: tf.Tensor; readonly labels: tf.Tensor };

/** 72 weights between 2 and 4 channels, 16 times an image, and 12 of a classifier; 3 biases. */
export const network = defineNetwork('tiny', { images: [4, 4, 2] }, (net, { images }) => {
  const inner = net.relu(net.conv('inner', images, { out: 4, kernel: 3 }));
  return { logits: net.dense('fc', net.globalAveragePool(inner), { out: 3 }) };
});

/** Both kernels are at an end of the network. */
export const ends = { stem: true, outputs: true };

export const task: Task<Images> = {
  name: 'tiny',
  network,
  headline: { measure: 'loss', better: 'smaller' },
  inputs: ({ images }) => ({ images }),
  loss: ({ logits }, { labels }) => ({
    loss: crossEntropy(logits as tf.Tensor2D, labels as tf.Tensor1D),
  }),
  decode: () => [],
  meter: () => ({ add: () => undefined, result: () => ({}) }),
};

export const batch = (): Images => ({
  images: tf.tensor4d(Rng.fromSeed(3).normals(6 * 32, 1), [6, 4, 4, 2]),
  labels: tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32'),
});
