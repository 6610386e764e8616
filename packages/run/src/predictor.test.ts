import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnx } from '@ma-net/backend-onnx';
import { type HostBatch, Rng, startBackend } from '@ma-net/core';
import { onnx as onnxFormat, safetensors, tfjs } from '@ma-net/export/parts';
import { disposeState, encodeCheckpoint, fit } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { changed, installed as parts } from '../test/recipe.ts';
import { factsOf, networkFacts } from './facts.ts';
import { together } from './installed.ts';
import { openRun, runOf } from './open.ts';
import { openPredictor } from './predictor.ts';
import { decide, prepare } from './prepared-network.ts';
import { createRunDirectory } from './run-directory.ts';

const installed = together(parts, {
  packages: ['@ma-net/export'],
  load: () => import('@ma-net/export/parts'),
});
const folder = mkdtempSync(join(tmpdir(), 'ma-net-predictor-'));
const [run, pruned, graph, model] = ['run', 'pruned.safetensors', 'graph.onnx', 'graph.tfjs'].map((name) =>
  join(folder, name),
) as [string, string, string, string];

beforeAll(async () => {
  const backend = await startBackend(onnx);
  const recipe = await changed(
    'network.name=resnet-test',
    'data.trainLimit=128',
    'epochs=3',
    'method.plainRounds=1',
    'method.mnet.hidden=8',
    'method.mnet.heads=2',
  );
  const open = await openRun(recipe, installed);
  const directory = await createRunDirectory(run, recipe, factsOf(open, backend));
  const state = open.start();
  await fit({ ...runOf(open), state, listen: () => undefined });
  await directory.saveCheckpoint(await encodeCheckpoint(state, open.source, open.network));
  const decision = await decide(open, state, { dense: false });
  const network = await prepare(open, state, decision, { again: false, open: async () => open });
  const facts = networkFacts(open, decision);
  await (await safetensors.open({})).write(pruned, network, facts, { pixels: false });
  await (await onnxFormat.open({})).write(graph, network, facts, { pixels: true });
  await (await tfjs.open({})).write(model, network, facts, { pixels: false });
  disposeState(state);
  directory.close();
  tf.dispose([network.params, network.stats] as tf.TensorContainer);
}, 120_000);

/** Three images, as numbers from 0 to 16. */
const pixels = Float32Array.from(Rng.fromSeed(8).uniforms(3 * 64, 0, 16));

async function logitsOf(
  path: string,
): Promise<{ readonly logits: number[]; readonly names: readonly string[] }> {
  const predictor = await openPredictor(path, installed);
  const { mean, std, white } = predictor.facts.input;
  expect(predictor.facts.shapes['images']).toEqual([8, 8, 1]);
  const data = predictor.takesPixels ? pixels : pixels.map((value) => (value / white - mean[0]!) / std[0]!);
  const inputs: HostBatch = { images: { dtype: 'float32', shape: [3, 8, 8, 1], data } };
  const { logits } = await predictor.run(inputs);
  predictor.close();
  expect(logits!.shape).toEqual([3, 10]);
  return { logits: [...logits!.data], names: predictor.facts.classNames };
}

test.each([
  ['its pruned file', pruned],
  ['its ONNX graph', graph],
  ['its graph model', model],
  ['the description of that', join(model, 'model.json')],
])('%s says what the run says', async (_, path) => {
  const expected = await logitsOf(run);
  const found = await logitsOf(path);
  expect(found.names).toEqual(expected.names);
  const scale = Math.max(...expected.logits.map(Math.abs));
  found.logits.forEach((value, k) =>
    expect(Math.abs(value - expected.logits[k]!) / scale).toBeLessThan(1e-4),
  );
});

test('a predictor that was closed leaves nothing behind', async () => {
  const before = tf.memory().numTensors;
  await logitsOf(run);
  await logitsOf(pruned);
  expect(tf.memory().numTensors).toBe(before);
});

test('what is none is refused', async () => {
  const refusal = (path: string) => openPredictor(path, installed);
  await expect(refusal(join(folder, 'none'))).rejects.toMatchObject({ code: 'not-found' });
  await expect(refusal(folder)).rejects.toMatchObject({ code: 'not-found' });
  for (const name of ['text.onnx', 'text.safetensors']) {
    writeFileSync(join(folder, name), 'text');
    await expect(refusal(join(folder, name))).rejects.toMatchObject({ code: 'bad-file' });
  }
  const wrong = join(folder, 'wrong.tfjs');
  mkdirSync(wrong);
  writeFileSync(join(wrong, 'model.json'), '{"userDefinedMetadata": {"classes": 3}}');
  await expect(refusal(wrong)).rejects.toMatchObject({ code: 'bad-file' });
});
