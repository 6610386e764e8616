import { cpu } from '@ma-net/backend-cpu';
import { defineNetwork, Rng, startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { learnedScale } from './learned-scale.ts';

test('a value is multiplied by one learned number, which begins at 1 and ties no channels', async () => {
  await startBackend(cpu);
  const network = defineNetwork('scaled', { images: [2, 2, 3] }, (net, { images }) => {
    const x = net.conv('conv', images, { out: 4, kernel: 1 });
    return { y: net.conv('last', net.apply(learnedScale, 'scales.0', [x], null), { out: 2, kernel: 1 }) };
  });
  const { params } = network.init(Rng.fromSeed(0));
  expect([...(await params['scales.0.scale']!.data())]).toEqual([1]);
  const images = tf.ones([1, 2, 2, 3]);
  const y = (scale: number): tf.Tensor =>
    network.forward(
      { ...params, 'scales.0.scale': tf.tensor1d([scale]) },
      {},
      { images },
      { training: false },
    ).outputs.y;
  const [once, twice] = [await y(1).data(), await y(2).data()];
  once.forEach((value, i) => expect(twice[i]).toBeCloseTo(2 * value, 6));
  expect(network.groups.find(({ id }) => id === 'conv')?.units).toBe(4);
});
