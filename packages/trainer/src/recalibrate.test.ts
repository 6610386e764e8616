import { cpu } from '@ma-net/backend-cpu';
import { startBackend } from '@ma-net/core';
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
  const stats = await recalibrate(task, params, batches);
  const name = 'bn1.running_mean';
  const expected = await Promise.all(separate.map((s) => s[name]!.data()));
  const got = await stats[name]!.data();
  got.forEach((value, c) =>
    expect(value).toBeCloseTo((expected[0]![c]! + expected[1]![c]! + expected[2]![c]!) / 3, 5),
  );
});
