import { cpu } from '@ma-net/backend-cpu';
import { defineNetwork, type Params, readParams, Rng, startBackend, uploadParams } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { countIterations } from './iterations.ts';

beforeAll(() => startBackend(cpu));

const network = defineNetwork('counting', { x: [2, 2, 1] }, (net, { x }) => ({
  iterations: net.apply(countIterations, 'mask_head', [x], null),
}));

async function look(stats: Params, training: boolean) {
  const x = tf.zeros([3, 2, 2, 1]);
  const { outputs, stats: next } = network.forward({}, stats, { x }, { training });
  return { seen: [...(await outputs.iterations.data())], next };
}

test('mini-batches are counted while training, from 1 on, and go on where they were', async () => {
  const first = await look(network.init(Rng.fromSeed(0)).stats, true);
  expect(first.seen).toEqual([1, 1, 1]);
  const second = await look(first.next, true);
  expect(second.seen).toEqual([2, 2, 2]);
  const evaluated = await look(second.next, false);
  expect(evaluated.seen).toEqual([2, 2, 2]);
  const saved = await readParams(evaluated.next);
  expect(Object.keys(saved)).toEqual(['mask_head._iter']);
  expect((await look(uploadParams(saved), true)).seen).toEqual([3, 3, 3]);
});
