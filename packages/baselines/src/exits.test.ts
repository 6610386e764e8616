import { cpu } from '@ma-net/backend-cpu';
import { Rng, type Sections, startBackend } from '@ma-net/core';
import { createTNet } from '@ma-net/tnet';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { network as single, task } from '../test/tiny.ts';
import { exits } from './exits.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

test('every exit is trained, and the loss is the sum of theirs', async () => {
  const network = await createTNet('msdnet-digits', { numClasses: 3, exits: { boost: 0.5, rescale: true } });
  const method = exits();
  const wrapped = method.wrap!({ ...task, network });
  expect(wrapped.network).toBe(network);
  const training = method.open(wrapped, { budget: 4, batchesPerEpoch: 2 });
  const state: Sections = { ...network.init(Rng.fromSeed(1)), ...training.init(Rng.fromSeed(1)) };
  const batch = {
    images: tf.tensor(Rng.fromSeed(3).normals(6 * 64, 1), [6, 8, 8, 1]),
    labels: tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32'),
  };
  const { terms, grads } = await training.step(0, training.rounds[0]!, state, batch, { training: true });
  const numbers = Object.fromEntries(
    await Promise.all(Object.entries(terms).map(async ([name, t]) => [name, (await t.data())[0]!] as const)),
  );
  expect(numbers['loss']).toBeCloseTo(numbers['exit1']! + numbers['exit2']! + numbers['exit3']!, 5);
  for (const n of [0, 1, 2])
    expect((await grads['params']![`exits.${n}.fc.weight`]!.data()).some((g) => g !== 0)).toBe(true);
  // At one exit alone the task is what it was.
  const { loss } = task.loss({ logits: tf.zeros([6, 3]) }, batch, { training: true });
  expect((await loss.data())[0]).toBeCloseTo(Math.log(3), 5);
});

test('a network of one exit is refused', () => {
  expect(() => exits().wrap!({ ...task, network: single })).toThrow(
    expect.objectContaining({ code: 'bad-argument', message: expect.stringContaining('0 exits') }),
  );
});
