import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import '../test/cpu.ts';
import { type RunningBackend, startBackend } from './backend.ts';
import { defineNetwork } from './define.ts';
import { evaluate } from './evaluate.ts';
import { type Params } from './params.ts';
import { Rng } from './rng.ts';
import { settle } from './settle.ts';
import type { Task } from './task.ts';

const network = defineNetwork('small', { x: [4] }, (net, { x }) => ({
  y: net.dense('d', net.batchNorm('n', net.dropout('o', x, { rate: 0.5 })), { out: 2 }),
}));

const log: string[] = [];
/** Whether the next function can be made ready. */
let can = true;

beforeAll(async () => {
  const running: RunningBackend = {
    name: tf.getBackend(),
    device: 'test',
    sync: async () => void log.push('sync'),
    facts: () => ({}),
    counters: () => ({}),
    prepare(f, { x }) {
      log.push(`prepare ${x!.shape.join()}`);
      if (!can) return undefined;
      return {
        run(given) {
          log.push(`run ${given['x']!.shape.join()}`);
          return tf.tidy(() => f(given) as tf.TensorContainerObject) as Params;
        },
        release: () => log.push('release'),
      };
    },
  };
  const probe = async () => ({ ok: true, device: 'test' }) as const;
  await startBackend({
    name: running.name,
    priority: 0,
    tolerance: { rtol: 0, atol: 0 },
    probe,
    start: async () => running,
  });
});

const took = (): string[] => log.splice(0);
const evaluation = { training: false };

test('asks the backend once for every shape of batch, and frees what it made', async () => {
  const { params, stats } = network.init(Rng.fromSeed(1));
  const settled = await settle({ network, params, stats });
  expect(took()).toEqual(['sync']);
  for (const count of [1, 3, 1]) {
    const x = tf.randomNormal([count, 4]);
    const [expected, found] = [network, settled.network].map(
      (asked) => asked.forward(params, stats, { x }, evaluation).outputs['y']!,
    );
    expect(await found!.array()).toEqual(await expected!.array());
  }
  expect(took()).toEqual(['prepare 1,4', 'run 1,4', 'prepare 3,4', 'run 3,4', 'run 1,4']);
  settled.release();
  settled.release();
  expect(took()).toEqual(['release', 'release']);
});

test('shapes beyond the fourth, and functions that the backend cannot make ready, are computed as ever', async () => {
  const { params, stats } = network.init(Rng.fromSeed(1));
  const settled = await settle({ network, params, stats });
  const ask = (count: number): number[] =>
    settled.network.forward(params, stats, { x: tf.ones([count, 4]) }, evaluation).outputs['y']!.shape;
  can = false;
  expect([ask(1), ask(1)]).toEqual([
    [1, 2],
    [1, 2],
  ]);
  can = true;
  expect(took()).toEqual(['sync', 'prepare 1,4']);
  for (const count of [2, 3, 4, 5, 6, 2]) expect(ask(count)).toEqual([count, 2]);
  expect(took().filter((line) => line.startsWith('prepare'))).toEqual([
    'prepare 2,4',
    'prepare 3,4',
    'prepare 4,4',
  ]);
  settled.release();
});

test('other weights, training and gradients go past it', async () => {
  const [one, other] = [1, 2].map((seed) => network.init(Rng.fromSeed(seed)));
  const settled = await settle({ network, ...one! });
  took();
  const x = tf.ones([2, 4]);
  settled.network.forward(other!.params, other!.stats, { x }, evaluation);
  settled.network.forward(one!.params, one!.stats, { x }, { training: true, rng: Rng.fromSeed(3) });
  const gradient = tf.grad((given) =>
    tf.sum(settled.network.forward(one!.params, one!.stats, { x: given }, evaluation).outputs['y']!),
  )(x);
  expect(gradient.shape).toEqual([2, 4]);
  expect(took()).toEqual([]);
});

test('an evaluation takes the settled network in place of the task’s', async () => {
  const { params, stats } = network.init(Rng.fromSeed(1));
  const task: Task<Params, readonly number[]> = {
    name: 'sum',
    network,
    headline: { measure: 'sum', better: 'larger' },
    inputs: ({ x }) => ({ x: x! }),
    loss: ({ y }) => ({ loss: tf.sum(y!) as tf.Scalar }),
    decode: ({ y }) => [[...y!.data]],
    meter() {
      let sum = 0;
      return {
        add: (rows) => void (sum += rows.flat().reduce((a, b) => a + b, 0)),
        result: () => ({ sum }),
      };
    },
  };
  const batches = (): Params[] => [{ x: tf.ones([2, 4]) }, { x: tf.ones([2, 4]) }];
  const settled = await settle({ network, params, stats });
  took();
  const [before, after] = [
    await evaluate(task, { params, stats }, batches()),
    await evaluate(task, settled, batches()),
  ];
  expect(after).toEqual(before);
  expect(took()).toEqual(['prepare 2,4', 'run 2,4', 'run 2,4']);
  settled.release();
});
