// What holds of MA-Net holds of a detector that looks twice: a run of a few mini-batches, stopped, resumed, pruned,
// compacted and exported.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnx } from '@ma-net/backend-onnx';
import { type HostBatch, lookAt, readParams, type RunningBackend, startBackend } from '@ma-net/core';
import type { CocoBatch } from '@ma-net/data-coco';
import { verify } from '@ma-net/export/node';
import { onnx as format } from '@ma-net/export/parts';
import {
  continuedRun,
  continueSavedRun,
  createRunDirectory,
  decide,
  factsOf,
  networkFacts,
  openRun,
  prepare,
  trainRun,
} from '@ma-net/run/node';
import { NEURON_LEVEL } from '@ma-net/mnet';
import { override } from '@ma-net/run';
import { disposeState } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ourParts } from './our-parts.ts';
import { scenesRcnn } from './rcnn.ts';

let backend: RunningBackend;
beforeAll(async () => {
  backend = await startBackend(onnx);
});

const recipe = await override(
  scenesRcnn(),
  [
    ...['data.train=8', 'data.test=3', 'data.sides=[64,64]', 'data.digit=[12,32]', 'data.digits=[1,2]'],
    ...['network.width=6', 'network.hidden=8', 'network.body.width=4'],
    ...['network.amounts.proposals=[20,6]', 'network.amounts.rois=12', 'network.amounts.anchors=16'],
    ...['task.amounts.proposals=[20,6]', 'task.amounts.rois=12', 'task.amounts.anchors=16'],
    ...['batchSize=4', 'epochs=6', 'evaluateEvery=6', 'saveEvery=1', 'method.plainRounds=1'],
    ...[
      'method.ramp=0.4',
      'method.maskEvery=iteration',
      'method.freeze=0.6',
      'method.astrocyteIterations=2',
      'method.mnet.hidden=8',
      'method.mnet.heads=2',
    ],
    `method.prune=${JSON.stringify({ ...NEURON_LEVEL, floor: { part: 0.1, units: 1 } })}`,
  ],
  ourParts,
);
const tell = (words: string): never => {
  throw new Error(words);
};
const folder = mkdtempSync(join(tmpdir(), 'ma-net-rcnn-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A new run, in a folder of its own, that stops after `stopAt` mini-batches. */
async function started(name: string, stopAt: number, what = recipe) {
  const path = join(folder, name);
  const open = await openRun(what, ourParts);
  const directory = await createRunDirectory(path, what, factsOf(open, backend));
  const state = open.start();
  const stop = new AbortController();
  await trainRun(open, directory, state, {
    signal: stop.signal,
    listen: ({ type, step }) => {
      if (type === 'step' && step === stopAt) stop.abort();
    },
  });
  directory.close();
  disposeState(state);
  return { path, losses: lossesOf(directory.metrics()) };
}

const lossesOf = (lines: readonly { readonly type: string }[]): unknown[] =>
  lines.filter(({ type }) => type === 'step').map((line) => (line as { loss?: unknown }).loss);

test('astrocytes begin with the plain network', async () => {
  const with_ = await override(
    recipe,
    ['method.plainRounds=0', 'method.mnet.gamma0=0', 'method.lambda=0'],
    ourParts,
  );
  const without = await override(recipe, ['method=plain'], ourParts);
  const [a, b] = [await started('with', 1, with_), await started('without', 1, without)];
  expect([a.losses.length, b.losses.length]).toEqual([1, 1]);
  expect(Math.abs(Number(a.losses[0]) - Number(b.losses[0]))).toBeLessThan(1e-5);
});

test('a run that was stopped goes on as one that was not; pruned, compacted and exported it says the same', async () => {
  const whole = await started('whole', Infinity);
  expect(whole.losses).toHaveLength(12);
  const { path } = await started('stopped', 5);
  const saved = await continueSavedRun(path, ourParts);
  const { open, state } = await continuedRun(saved, backend, tell);
  expect(state.step).toBe(5);
  await trainRun(open, saved.directory, state);
  expect(lossesOf(saved.directory.metrics())).toEqual(whole.losses);
  saved.directory.close();

  const { network, stats } = { network: open.network, stats: state.sections.stats };
  const modulated = { network, params: open.training.weights(state.sections), stats };
  const how = { again: false, open: async () => open };
  const dense = await decide(open, state, { dense: true });
  const pruned = await prepare(open, state, dense, how);
  const cut = await decide(open, state, { dense: false });
  expect(cut.compaction!.cuts.length).toBeGreaterThan(0);
  const compacted = await prepare(open, state, cut, how);
  expect(compacted.network.parameters).not.toEqual(network.parameters);

  let batch: CocoBatch | undefined;
  for await (const one of open.evaluationBatches()) batch = one as CocoBatch;
  const said = await Promise.all(
    [modulated, pruned, compacted].map(async (trained) => {
      const { outputs, owned } = await lookAt(open.task, trained, batch!);
      const read = await readParams(outputs);
      tf.dispose(owned as unknown as tf.TensorContainer);
      return read;
    }),
  );
  const [first, second, third] = said as [HostBatch, HostBatch, HostBatch];
  expect(second).toEqual(first);
  for (const [name, { data, shape }] of Object.entries(first)) {
    expect(third[name]!.shape).toEqual(shape);
    const scale = Array.from(data).reduce((most, x) => Math.max(most, Math.abs(x)), 1e-3);
    const worst = Array.from(data).reduce(
      (most, x, k) => Math.max(most, Math.abs(x - third[name]!.data[k]!)),
      0,
    );
    expect(worst / scale).toBeLessThan(1e-5);
  }

  const file = join(folder, 'rcnn.onnx');
  const onnxFormat = await format.open({});
  await onnxFormat.write(file, compacted, networkFacts(open, cut), { pixels: false });
  const task = open.taskOn(compacted.network);
  const verified = await verify(onnxFormat, file, compacted, { ...open, task }, false);
  expect(verified).toMatchObject({ images: 3, same: 3 });
  tf.dispose([batch, modulated.params, pruned.params, pruned.stats] as unknown as tf.TensorContainer);
  tf.dispose([compacted.params, compacted.stats] as unknown as tf.TensorContainer);
  disposeState(state);
}, 120_000);
