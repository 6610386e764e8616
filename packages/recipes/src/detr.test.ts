// What holds for a run of classification holds for one of detection: DETR, small, through everything a run goes through.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnx as engine } from '@ma-net/backend-onnx';
import { evaluate, type Network, readParams, Rng, type RunningBackend, startBackend } from '@ma-net/core';
import { writeSafetensors } from '@ma-net/core/node';
import { scenes } from '@ma-net/data-coco/parts';
import { onnx } from '@ma-net/export/parts';
import { verify } from '@ma-net/export/node';
import { plain } from '@ma-net/baselines/parts';
import { maNet } from '@ma-net/method-ma-net/parts';
import { NEURON_LEVEL } from '@ma-net/mnet';
import { defineRecipe, parseRecipe, type Recipe } from '@ma-net/run';
import {
  continueSavedRun,
  continuedRun,
  createRunDirectory,
  decide,
  factsOf,
  openRun,
  prepare,
  trainRun,
} from '@ma-net/run/node';
import { detrNetwork } from '@ma-net/task-detr/parts';
import { resnet, toPyTorch } from '@ma-net/tnet';
import { disposeState } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { ourParts } from './our-parts.ts';
import { scenesDetr } from './detr.ts';

let backend: RunningBackend;
beforeAll(async () => {
  backend = await startBackend(engine, { threads: 1 });
});

const small = defineRecipe(() => ({
  ...scenesDetr(),
  network: detrNetwork({
    body: { block: 'basic', depths: [1, 1], width: 8, stem: 'half' },
    ...{ width: 8, heads: 2, feedForward: 16, dropout: 0.1 },
    ...{ queries: 4, encoderLayers: 1, decoderLayers: 2 },
  }),
  data: scenes({ train: 8, test: 3, sides: [32, 32], digits: [1, 2], digit: [12, 24] }),
  // All of it goes as soon as anything may.
  method: maNet({
    prune: { ...NEURON_LEVEL, floor: { part: 0.1, units: 1 } },
    ...{ ramp: 0.1, refresh: 1, freeze: 1, maskEvery: 'iteration' as const },
  }),
  batchSize: 4,
  epochs: 4,
  evaluateEvery: 4,
}))();

const tell = (words: string): never => {
  throw new Error(words);
};

/** A new run that stops after `stopAt` mini-batches. */
async function started(stopAt: number, recipe: Recipe) {
  const path = join(mkdtempSync(join(tmpdir(), 'ma-net-detr-run-')), 'run');
  const open = await openRun(recipe, ourParts);
  const directory = await createRunDirectory(path, recipe, factsOf(open, backend));
  const state = open.start();
  const stop = new AbortController();
  const trained = await trainRun(open, directory, state, {
    signal: stop.signal,
    listen: ({ type, step }) => {
      if (type === 'step' && step === stopAt) stop.abort();
    },
  });
  directory.close();
  return { path, open, state, trained, losses: lossesOf(directory.metrics()) };
}

const lossesOf = (lines: readonly { readonly type: string }[]): unknown[] =>
  lines.filter(({ type }) => type === 'step').map((line) => (line as { loss?: unknown }).loss);

const recipe = (await parseRecipe(JSON.parse(JSON.stringify(small)), 'a test', ourParts)) as Recipe;
let unstopped: Awaited<ReturnType<typeof started>>;
beforeAll(async () => {
  unstopped = await started(Infinity, recipe);
}, 60_000);

test('a run begins as the plain one, and goes on where it stopped', { timeout: 60_000 }, async () => {
  expect(unstopped.trained).toMatchObject({
    reason: 'budget',
    measures: { AP: expect.any(Number) as number },
  });

  // Gates are whole at the start: the first mini-batch of MA-Net is that of the plain network.
  const alone = await started(1, { ...recipe, method: plain({}) } as Recipe);
  expect(alone.losses[0]).toBe(unstopped.losses[0]);
  disposeState(alone.state);

  const { path, trained } = await started(5, recipe);
  expect(trained.reason).toBe('interrupted');
  const saved = await continueSavedRun(path, ourParts);
  const again = await continuedRun(saved, backend, tell);
  const { measures } = await trainRun(again.open, saved.directory, again.state);
  expect(measures).toEqual(unstopped.trained.measures);
  expect(lossesOf(saved.directory.metrics())).toEqual(unstopped.losses);
  saved.directory.close();
  disposeState(again.state);
});

test('pruned, and with all that is dead cut out, it computes what the MA-Net computed, and so does its file', async () => {
  const { open, state, path } = unstopped;
  const modulated = open.training.weights(state.sections);
  const expected = await evaluate(
    open.task,
    { params: modulated, stats: state.sections.stats },
    open.evaluationBatches(),
  );
  const data = { again: false, open: () => Promise.reject(new Error('nothing is estimated again')) };
  const whole = await prepare(open, state, await decide(open, state, { dense: true }), data);
  const compact = await prepare(open, state, await decide(open, state, { dense: false }), data);
  const count = (of: typeof whole): number =>
    Object.values(of.params).reduce((sum, { size }) => sum + size, 0);
  expect(count(compact)).toBeLessThan(count(whole));
  for (const network of [whole, compact]) {
    const found = await evaluate(open.taskOn(network.network), network, open.evaluationBatches());
    for (const [name, value] of Object.entries(expected)) expect(found[name]).toBeCloseTo(value, 5);
  }
  const batches = [];
  for await (const one of open.evaluationBatches()) batches.push(one);
  const [batch] = batches;
  const inputs = open.task.inputs(batch!);
  const outputs = ({ network, params, stats }: typeof whole): readonly tf.Tensor[] =>
    Object.values(network.forward(params, stats, inputs, { training: false }).outputs);
  const reference = outputs({ network: open.network, params: modulated, stats: state.sections.stats });
  for (const network of [whole, compact]) {
    for (const [i, x] of outputs(network).entries()) {
      const [apart] = await tf.max(tf.abs(tf.sub(x, reference[i]!))).data();
      expect(apart!).toBeLessThan(1e-5);
    }
  }

  const format = await onnx.open({});
  const file = join(path, 'detr.onnx');
  await format.write(file, compact, { ...open.facts, network: recipe.network }, { pixels: false } as never);
  const verified = await verify(format, file, compact, open, false);
  expect(verified).toMatchObject({ images: 3, same: 3 });
  disposeState(state);
});

test('a body that was pruned on classes keeps its widths, also where the run goes on without its file', {
  timeout: 60_000,
}, async () => {
  const body = { block: 'basic', depths: [1, 1], width: 8, stem: 'half' } as const;
  const classifier = resnet('classifier', body, { numClasses: 2, inputShape: [32, 32, 3] });
  const narrow = classifier.resized({
    'layer1.0.conv1.weight': [3, 3, 8, 5],
    'layer1.0.conv2.weight': [3, 3, 5, 8],
  }) as unknown as Network;
  const { params, stats } = narrow.init(Rng.fromSeed(2));
  const folder = mkdtempSync(join(tmpdir(), 'ma-net-detr-body-'));
  const weights = join(folder, 'classifier.safetensors');
  await writeSafetensors(weights, toPyTorch(narrow, await readParams({ ...params, ...stats })));
  const given = { ...recipe, network: { ...recipe.network, weights }, epochs: 2 } as Recipe;
  const whole = await started(Infinity, given);
  const { path } = await started(3, given);
  rmSync(weights);

  const saved = await continueSavedRun(path, ourParts);
  const again = await continuedRun(saved, backend, tell);
  const first = 'backbone.body.layer1.0.conv1.weight';
  expect(again.state.sections.params[first]!.shape).toEqual([3, 3, 8, 5]);
  const { measures } = await trainRun(again.open, saved.directory, again.state);
  expect(measures).toEqual(whole.trained.measures);
  expect(lossesOf(saved.directory.metrics())).toEqual(whole.losses);
  saved.directory.close();
  disposeState(again.state);
  disposeState(whole.state);
});
