// A network that looks twice: boxes, found on the host in what it says at first, are inputs of the rest.

import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import '../test/cpu.ts';
import { backpropagate } from './backpropagate.ts';
import { defineNetwork } from './define.ts';
import { evaluate } from './evaluate.ts';
import { lookAt } from './look.ts';
import type { Op } from './op.ts';
import { readParams } from './params.ts';
import { Rng } from './rng.ts';
import type { Task } from './task.ts';

let runs = 0;
/** The value as it is; counts how often it is computed. */
const counted: Op<null> = {
  kind: 'counted',
  describe: (_, __, [x]) => x!,
  execute(_, __, [x]) {
    runs++;
    return tf.mul(x!, 1);
  },
};

const network = defineNetwork(
  'looks',
  { x: [4, 3], places: [2] },
  (net, { x, places }) => {
    const y = net.apply(counted, '', [net.dropout('drop', net.dense('a', x, { out: 5 }), { rate: 0 })], null);
    const scores = net.dense('score', y, { out: 1 });
    if ((places as unknown) === undefined) return { y, scores };
    return { y, scores, found: net.dense('b', net.relu(net.gather(y, places)), { out: 2 }) };
  },
  { outputs: ['scores', 'found'], carried: ['y'] },
);

/** The two places with the largest scores. */
async function best({ scores }: Readonly<Record<string, { readonly data: ArrayLike<number> }>>) {
  const places = [0, 1].flatMap((b) => {
    const order = [0, 1, 2, 3].sort((i, j) => scores!.data[4 * b + j]! - scores!.data[4 * b + i]!);
    return order.slice(0, 2);
  });
  return { places_B2: { shape: [2, 2], dtype: 'int32' as const, data: Int32Array.from(places) } };
}

type B = Readonly<Record<string, tf.Tensor>>;
const task: Task<B, readonly number[]> = {
  name: 'looks',
  network,
  headline: { measure: 'sum', better: 'larger' },
  inputs: ({ x_B43, places_B2 }) =>
    places_B2 === undefined ? { x: x_B43! } : { x: x_B43!, places: places_B2 },
  assign: { outputs: ['scores'], decide: best },
  look: { outputs: ['scores'], decide: best },
  loss: ({ scores, found }) => ({
    loss: tf.add(tf.sum(tf.square(found!)), tf.mean(scores!)) as tf.Scalar,
  }),
  decode: ({ found, places_B2 }) => [[...found!.data, ...places_B2!.data]],
  meter() {
    let sum = 0;
    return {
      add: ([numbers]) => (sum += numbers!.reduce((a, b) => a + b, 0)),
      result: () => ({ sum }),
    };
  },
};
const { params, stats } = network.init(Rng.fromSeed(1));
const batchOf = (): B => ({ x_B43: tf.tensor3d(Rng.fromSeed(2).normals(24, 1), [2, 4, 3]) });
const ctx = { training: true, rng: Rng.fromSeed(0) };

/** Both looks at once, for what is decided anyway. */
async function atOnce(batch: B) {
  const looked = await lookAt(task, { network, params, stats }, batch);
  const places = tf.tensor2d(Array.from(looked.decided['places_B2']!.data), [2, 2], 'int32');
  tf.dispose(looked.owned as unknown as tf.TensorContainer);
  return { x: batch['x_B43']!, places };
}

describe('one look after the other', () => {
  test('computes what both at once compute, and nothing twice', async () => {
    const batch = batchOf();
    const inputs = await atOnce(batch);
    const expected = await readParams(network.forward(params, stats, inputs, ctx).outputs);
    runs = 0;
    const { outputs, inputs: given, owned } = await lookAt(task, { network, params, stats }, batch);
    expect(runs).toBe(1);
    expect(Object.keys(given)).toEqual(['x', 'places']);
    expect(await readParams(outputs)).toEqual(expected);
    tf.dispose([batch, owned] as unknown as tf.TensorContainer);
  });

  test('has the gradients of both at once', async () => {
    const batch = batchOf();
    const { places } = await atOnce(batch);
    const names = Object.keys(params);
    const step = (of: Task<B>, b: B) =>
      backpropagate({
        task: of,
        batch: b,
        stats,
        ctx,
        values: params,
        names,
        forward: (w) => ({ params: w, aux: {} }),
      });
    const { assign: _, ...whole } = task;
    const one = await step(whole, { ...batch, places_B2: places });
    runs = 0;
    const two = await step(task, batch);
    expect(runs).toBe(1);
    expect(await readParams(two.grads)).toEqual(await readParams(one.grads));
    expect(await two.terms.loss.data()).toEqual(await one.terms.loss.data());
    for (const name of names)
      expect(Math.abs((await readParams(two.grads))[name]!.data[0]!)).toBeGreaterThan(0);
    tf.dispose([batch, one, two, places] as unknown as tf.TensorContainer);
  });

  test('what is carried is handed over where an input is missing, and may be cut', async () => {
    const batch = batchOf();
    const { outputs } = network.forward(params, stats, { x: batch['x_B43']! } as never, ctx);
    expect(Object.keys(outputs)).toEqual(['scores', 'y']);
    const group = network.groups.find(({ id }) => id === 'a')!;
    expect(group.pinnedBy).toEqual([]);
    expect(network.outputs.map(({ name }) => name)).toEqual(['scores', 'found']);
    tf.dispose([batch, outputs] as unknown as tf.TensorContainer);
  });

  test('evaluation decides as well, and leaves nothing behind', async () => {
    const before = tf.memory().numTensors;
    const { sum } = await evaluate(task, { params, stats }, [batchOf()]);
    expect(Number.isFinite(sum)).toBe(true);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('a decision that fails leaves nothing behind', async () => {
    const batch = batchOf();
    const failing = { ...task, look: { ...task.look!, decide: () => Promise.reject(new Error('none')) } };
    const before = tf.memory().numTensors;
    await expect(lookAt(failing, { network, params, stats }, batch)).rejects.toThrow('none');
    expect(tf.memory().numTensors).toBe(before);
    batch['x_B43']!.dispose();
  });
});

test('carrying a value that the program does not return is refused', () => {
  expect(() =>
    defineNetwork('n', { x: [2] }, (net, { x }) => ({ y: net.relu(x) }), { carried: ['z'] }),
  ).toThrow(expect.objectContaining({ code: 'unknown-name' }));
});
