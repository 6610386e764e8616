// What holds for MA-Net on a classifier holds for it on CondInst and BoxInst: nothing changes at the start, what goes
// was masked, what is left computes the same, a file of it too, and a run that was stopped goes on as one that was not.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { countParams, type Network, type Params, type RunningBackend, startBackend } from '@ma-net/core';
import { onnx } from '@ma-net/export/parts';
import { verify } from '@ma-net/export/node';
import { maNet } from '@ma-net/method-ma-net/parts';
import { applyCompaction, NEURON_LEVEL, planCompaction } from '@ma-net/mnet';
import type { Recipe } from '@ma-net/run';
import {
  continuedRun,
  continueSavedRun,
  createRunDirectory,
  factsOf,
  networkFacts,
  openRun,
  trainRun,
} from '@ma-net/run/node';
import { disposeState, type TrainingState } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { ourParts } from './our-parts.ts';
import { findRecipe, type RecipeName } from './registry.ts';

/** Milliseconds for a run of a few mini-batches, on a machine with other things to do. */
const TIME = 120_000;

let backend: RunningBackend;
beforeAll(async () => {
  backend = await startBackend(cpu);
});

/** A few mini-batches of few scenes, in which half of a narrow network goes. */
function small(name: RecipeName): Recipe {
  const recipe = findRecipe(name);
  const body = { block: 'basic', depths: [1, 1, 1, 1], width: 4, norm: 'batch' };
  return {
    ...recipe,
    network: { ...recipe.network, body, width: 8, groupWidth: 4, convolutions: 1, maskWidth: 4 },
    data: { ...recipe.data, sides: [64, 64], train: 4, test: 2 },
    task: { ...recipe.task, instances: 20 },
    method: maNet({
      select: { outputs: true },
      prune: { ...NEURON_LEVEL, floor: { part: 0, units: 1 } },
      plainRounds: 1,
      astrocyteIterations: 1,
      maskEvery: 'iteration',
      refresh: 1,
      ramp: 0.3,
      mnet: { astrocytes: 2, cells: 1, hidden: 8, rank: 2, bins: 2, heads: 2 },
    }),
    batchSize: 2,
    epochs: 3,
    evaluateEvery: 3,
    saveEvery: 100,
  };
}

/** A run in a folder of its own that stops after `stopAt` mini-batches. */
async function started(recipe: Recipe, stopAt: number) {
  const path = join(mkdtempSync(join(tmpdir(), 'ma-net-instances-')), 'run');
  const open = await openRun(recipe, ourParts);
  const directory = await createRunDirectory(path, recipe, factsOf(open, backend));
  const state = open.start();
  const stop = new AbortController();
  await trainRun(open, directory, state, {
    signal: stop.signal,
    listen: ({ type, step }) => {
      if (type === 'step' && step === stopAt) stop.abort();
    },
  });
  directory.close();
  return { path, open, state, lines: directory.metrics() };
}

describe.each(['scenes-condinst', 'scenes-boxinst'] as const)('%s', (name) => {
  let run: Awaited<ReturnType<typeof started>>;
  beforeAll(async () => {
    run = await started(small(name), Infinity);
    return () => disposeState(run.state);
  }, TIME);

  test('begins as the plain network', async () => {
    const state: TrainingState = run.open.start();
    const weights = run.open.training.weights(state.sections);
    for (const [param, tensor] of Object.entries(state.sections.params))
      expect(await weights[param]!.data()).toEqual(await tensor.data());
    disposeState(state);
  });

  test(
    'what is left computes what the masked network computes, and so does a file of it',
    async () => {
      const { open, state } = run;
      const { stats } = state.sections;
      const { masks, weights } = (await open.training.removal!(state.sections))!;
      const small = applyCompaction(open.network, weights(), stats, planCompaction(open.network, masks));
      expect(countParams(small.params)).toBeLessThan(0.7 * countParams(state.sections.params));
      for await (const batch of open.evaluationBatches()) {
        const outputs = (of: Network, w: Params, s: Params): Readonly<Record<string, tf.Tensor>> =>
          of.forward(w, s, open.task.inputs(batch), { training: false }).outputs;
        const before = outputs(open.network, open.training.weights(state.sections), stats);
        const after = outputs(small.network, small.params, small.stats);
        for (const [output, expected] of Object.entries(before)) {
          expect(after[output]!.shape).toEqual(expected.shape);
          const apart = await tf.max(tf.abs(tf.sub(expected, after[output]!))).data();
          const size = await tf.max(tf.abs(expected)).data();
          expect(apart[0]! / Math.max(1, size[0]!)).toBeLessThan(1e-5);
        }
      }

      const format = await onnx.open(onnx.schema.parse({}));
      const path = join(mkdtempSync(join(tmpdir(), 'ma-net-instances-')), 'small.onnx');
      const pixels = false;
      await format.write(path, small, networkFacts(open, {}), { pixels });
      const verified = await verify(format, path, small, open, pixels);
      expect(verified.images).toBe(2);
      expect(verified.largest).toBeLessThan(1e-3);
    },
    TIME,
  );

  test(
    'goes on as if it had not been stopped',
    async () => {
      const { path, state: left } = await started(small(name), 3);
      disposeState(left);
      const saved = await continueSavedRun(path, ourParts);
      const { open, state } = await continuedRun(saved, backend, () => undefined);
      expect(state.step).toBe(3);
      await trainRun(open, saved.directory, state);
      const losses = (lines: readonly { readonly type: string }[]): unknown[] =>
        lines.filter(({ type }) => type === 'step').map((line) => (line as { loss?: unknown }).loss);
      expect(losses(saved.directory.metrics())).toEqual(losses(run.lines));
      expect(losses(run.lines)).toHaveLength(6);
      for (const [statistic, tensor] of Object.entries(run.state.sections.stats))
        expect(await state.sections.stats[statistic]!.data()).toEqual(await tensor.data());
      if (name === 'scenes-boxinst')
        expect([...(await state.sections.stats['mask_head._iter']!.data())]).toEqual([6]);
      saved.directory.close();
      disposeState(state);
    },
    TIME,
  );
});
