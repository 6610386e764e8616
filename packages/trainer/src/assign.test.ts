// A step with a host decision between its halves computes what a step of one graph does.

import { cpu } from '@ma-net/backend-cpu';
import { onnx } from '@ma-net/backend-onnx';
import {
  type Assignment,
  backpropagate,
  type Params,
  Rng,
  startBackend,
  sync,
  type Task,
} from '@ma-net/core';
import type { ImageBatch } from '@ma-net/data';
import { classification } from '@ma-net/task-classification';
import { createTNet } from '@ma-net/tnet';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

const network = await createTNet('resnet-test', { numClasses: 3, inputShape: [8, 8, 1] });
const rng = Rng.fromSeed(3);
const images = rng.normals(4 * 64, 1);

describe.each([
  ['cpu', cpu, 1e-6],
  ['onnx', onnx, 1e-5],
] as const)('%s', (_, adapter, tolerance) => {
  beforeAll(async () => {
    await startBackend(adapter);
  });

  const batchOf = (): ImageBatch => ({
    images_BHWC: tf.tensor4d(images.slice(), [4, 8, 8, 1]),
    labels_B: tf.tensor1d([0, 2, 1, 1], 'int32'),
  });
  const whole = classification(network) as Task<ImageBatch>;
  /** The labels come from the host, in the middle of the step. */
  const split = (decide: Assignment<ImageBatch>['decide']): Task<ImageBatch> => ({
    ...whole,
    assign: { outputs: ['logits'], decide },
    loss: (outputs, batch, ctx) =>
      whole.loss(outputs, { ...batch, labels_B: (batch as Params)['assigned_B'] as tf.Tensor1D }, ctx),
  });
  const assigned = { assigned_B: { shape: [4], dtype: 'int32', data: Int32Array.of(0, 2, 1, 1) } } as const;

  async function step(task: Task<ImageBatch>, { params, stats }: { params: Params; stats: Params }) {
    const batch = batchOf();
    const made = await backpropagate({
      task,
      batch,
      stats,
      ctx: { training: true },
      values: params,
      names: Object.keys(params),
      forward: (w) => ({
        params: w,
        penalties: { size: { value: tf.sum(tf.square(w['fc.weight']!)) as tf.Scalar, weight: 0.01 } },
        aux: { doubled: tf.mul(w['fc.bias']!, 2) },
      }),
    });
    tf.dispose(batch);
    await sync();
    return made;
  }

  test('gradients, statistics and terms are those of one graph', async () => {
    const start = network.init(Rng.fromSeed(1));
    let seen: readonly number[] = [];
    const two = await step(
      split(async ({ logits }, batch) => {
        // Whatever the host computes with tensors meanwhile is no part of the gradient.
        const mean = tf.tidy(() => tf.mean(batch.images_BHWC));
        await mean.data();
        mean.dispose();
        seen = logits!.shape;
        return assigned;
      }),
      start,
    );
    expect(seen).toEqual([4, 3]);
    const one = await step(whole, start);
    for (const part of ['grads', 'stats', 'terms', 'aux'] as const) {
      expect(Object.keys(two[part])).toEqual(Object.keys(one[part]));
      for (const [name, expected] of Object.entries(one[part] as Params)) {
        const [a, b] = await Promise.all([(two[part] as Params)[name]!.data(), expected.data()]);
        const scale = Math.max(...b.map(Math.abs), 1e-3);
        a.forEach((value, i) =>
          expect(Math.abs(value - b[i]!) / scale, `${part}, ${name}`).toBeLessThan(tolerance),
        );
      }
    }
    tf.dispose([one, two, start] as unknown as tf.TensorContainer);
  });

  test('leaves nothing behind, also where the decision fails or names what is there', async () => {
    const start = network.init(Rng.fromSeed(1));
    await step(whole, start).then((made) => tf.dispose(made as unknown as tf.TensorContainer));
    const before = tf.memory().numTensors;
    tf.dispose(
      (await step(
        split(async () => assigned),
        start,
      )) as unknown as tf.TensorContainer,
    );
    expect(tf.memory().numTensors).toBe(before);
    const failing = split(async () => Promise.reject(new Error('no match')));
    const clashing = split(async () => ({ labels_B: assigned.assigned_B }));
    for (const [task, error] of [
      [failing, { message: 'no match' }],
      [clashing, { code: 'bad-argument' }],
    ] as const) {
      const batch = batchOf();
      const run = backpropagate({
        task,
        batch,
        stats: start.stats,
        ctx: { training: true },
        values: start.params,
        names: Object.keys(start.params),
        forward: (w) => ({ params: w, aux: {} }),
      });
      await expect(run).rejects.toMatchObject(error);
      tf.dispose(batch);
      expect(tf.memory().numTensors).toBe(before);
    }
    tf.dispose(start as unknown as tf.TensorContainer);
  });
});
