import { defineNetwork } from '@ma-net/core';
import { expect, test } from 'vitest';
import { classification, parts } from './parts.ts';

test('the part makes the task of a network, with its options', async () => {
  expect(parts).toEqual([classification]);
  expect(classification({})).toEqual({
    use: '@ma-net/task-classification#classification',
    labelSmoothing: 0,
  });
  expect(() => classification({ labelSmoothing: 1 })).toThrow(/labelSmoothing/);
  const network = defineNetwork('tiny', { images: [4, 4, 1] }, (net, { images }) => ({
    logits: net.dense('fc', net.flatten(images), { out: 2 }),
  }));
  const facts = { classNames: ['a', 'b'], shapes: {}, input: { mean: [0], std: [1], white: 1 } };
  const task = (await classification.open({ labelSmoothing: 0.1 }))(network, facts);
  expect(task).toMatchObject({ name: 'classification', network });
});
