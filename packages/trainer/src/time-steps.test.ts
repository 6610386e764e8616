import { cpu } from '@ma-net/backend-cpu';
import { Rng, startBackend } from '@ma-net/core';
import { type ImageBatch, toTensors } from '@ma-net/data';
import { maNetInTurn, ROUNDS_IN_TURN } from '@ma-net/method-ma-net';
import { classification } from '@ma-net/task-classification';
import { createTNet } from '@ma-net/tnet';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { timeSteps } from './index.ts';

test('times as many steps of each kind as asked for, without the first ones, and leaves nothing behind', async () => {
  await startBackend(cpu);
  const network = await createTNet('resnet-test', { numClasses: 3 });
  const rng = Rng.fromSeed(1);
  let made = 0;
  const batch = (): ImageBatch => {
    made++;
    const images = Float32Array.from(rng.normals(2 * 8 * 8 * 3, 1));
    return toTensors({ images, labels: Int32Array.of(0, 2), shape: [2, 8, 8, 3], count: 2 });
  };
  const before = tf.memory().numTensors;
  const times = await timeSteps({
    task: classification(network),
    method: maNetInTurn,
    rounds: ROUNDS_IN_TURN,
    batch,
    steps: 11,
    warmUp: 2,
  });
  expect(tf.memory().numTensors).toBe(before);
  // Two plain rounds, one of the astrocytes and one of the neurons, each of 2 + 11 mini-batches.
  expect(made).toBe(4 * 13);
  for (const kind of ['plain', 'astrocytes', 'neurons'] as const) {
    expect(times[kind]).toHaveLength(11);
    expect(times[kind]!.every((seconds) => seconds > 0)).toBe(true);
  }
});

test('another clock is read once for every step, and tells what lies between', async () => {
  await startBackend(cpu);
  const shape: [number, number, number, number] = [2, 8, 8, 3];
  let reading = 0;
  const times = await timeSteps({
    task: classification(await createTNet('resnet-test', { numClasses: 3 })),
    method: maNetInTurn,
    rounds: ROUNDS_IN_TURN,
    batch: () =>
      toTensors({ images: new Float32Array(2 * 8 * 8 * 3), labels: Int32Array.of(0, 2), shape, count: 2 }),
    steps: 8,
    warmUp: 2,
    clock: () => 3 * reading++,
  });
  expect(reading).toBe(4 * 10);
  for (const kind of ['plain', 'astrocytes', 'neurons']) expect(times[kind]).toEqual(Array(8).fill(3));
});
