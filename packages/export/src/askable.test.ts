import { cpu } from '@ma-net/backend-cpu';
import { Rng, startBackend } from '@ma-net/core';
import { createTNet } from '@ma-net/tnet';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { askable } from './askable.ts';

test('a network in memory gives its outputs by name, and frees its weights when it is closed', async () => {
  await startBackend(cpu);
  const network = await createTNet('resnet-test', { numClasses: 3 });
  const before = tf.memory().numTensors;
  const made = network.init(Rng.fromSeed(0));
  const shape = [2, ...network.inputs[0]!.shape];
  const data = Rng.fromSeed(1).normals(tf.util.sizeFromShape(shape), 1);
  const expected = tf.tidy(() => {
    const given = { images: tf.tensor(data, shape) };
    return network.forward(made.params, made.stats, given, { training: false }).outputs.logits;
  });
  const facts = { classNames: ['a', 'b', 'c'], shapes: {}, input: { mean: [0], std: [1], white: 1 } };
  const asked = await askable({ network, ...made }, facts);
  const { logits } = await asked.run({ images: { dtype: 'float32', shape, data } });
  expect(logits!.shape).toEqual([2, 3]);
  expect([...logits!.data]).toEqual([...(await expected.data())]);
  expect(asked.facts).toBe(facts);
  expected.dispose();
  asked.close();
  expect(tf.memory().numTensors).toBe(before);
});
