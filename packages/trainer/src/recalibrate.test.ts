import { cpu } from '@ma-net/backend-cpu';
import { type Batch, defineNetwork, type Network, type Op, Rng, startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { setup } from '../test/short-run.ts';
import { recalibrate } from './index.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

test('recalibrate gives the average of the batch statistics', async () => {
  const { run, task, start } = await setup('plain');
  const state = start();
  const batches = await Promise.all([run.source.next(), run.source.next(), run.source.next()]);
  const { params, stats: initial } = state.sections;
  const separate = batches.map(
    (batch) =>
      task.network.forward(params, initial, task.inputs(batch), { training: true, momentum: 1 }).stats,
  );
  const stats = await recalibrate(task, { params, stats: initial }, batches);
  const name = 'bn1.running_mean';
  const expected = await Promise.all(separate.map((s) => s[name]!.data()));
  const got = await stats[name]!.data();
  got.forEach((value, c) =>
    expect(value).toBeCloseTo((expected[0]![c]! + expected[1]![c]! + expected[2]![c]!) / 3, 5),
  );
});

test('what is no estimate stays as it is: norms that are frozen, counts', async () => {
  const counter: Op<null> = {
    kind: 'counter',
    describe(on, name, [x]) {
      on.statistic(`${name}.seen`, x!, 0, { held: true });
      return x!;
    },
    execute(on, name, [x]) {
      if (on.training) on.move(`${name}.seen`, tf.add(on.statistic(`${name}.seen`), 1));
      return x!.clone();
    },
  };
  const network = defineNetwork('frozen', { x: [2, 2, 1] }, (net, { x }) => ({
    y: net.apply(counter, 'count', [net.batchNorm('bn', net.frozenBatchNorm('frozen', x))], null),
  }));
  const { params, stats: fresh } = network.init(Rng.fromSeed(0));
  const stats = Object.fromEntries(Object.entries(fresh).map(([name, tensor]) => [name, tf.add(tensor, 3)]));
  const task = { network: network as unknown as Network, inputs: (batch: Batch) => batch };
  const batches = [1, 2].map((seed) => ({ x: tf.tensor(Rng.fromSeed(seed).normals(8, 1), [2, 2, 2, 1]) }));
  const again = await recalibrate(task, { params, stats }, batches);
  for (const { name, held } of network.statistics) {
    const [before, after] = [await stats[name]!.data(), await again[name]!.data()];
    expect([name, after.every((value, i) => value === before[i])]).toEqual([name, held === true]);
  }
  expect(network.statistics.filter(({ held }) => held === true)).toHaveLength(5);
});
