// A run directory is enough to use the run: what trained it may be gone.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { readParams, Rng, startBackend } from '@ma-net/core';
import { writeSafetensors } from '@ma-net/core/node';
import { loadNetwork, saveNetwork } from '@ma-net/export/node';
import { createTNet, toPyTorch } from '@ma-net/tnet';
import { disposeState } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test, vi } from 'vitest';
import { changed, installed } from '../test/recipe.ts';
import { trainedAt } from '../test/trained.ts';
import { networkFacts } from './facts.ts';
import { knownOf, openClosedRun, openFor, openRunData } from './open.ts';
import { testMeasures } from './predictions.ts';
import { decide, prepare } from './prepared-network.ts';
import { openSavedRun, requireCheckpoint } from './saved-run.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const folder = mkdtempSync(join(tmpdir(), 'ma-net-known-'));
const path = join(folder, 'run');
const [data, weights] = [join(folder, 'cifar'), join(folder, 'weights.safetensors')];
const SETS = ['data_batch_1.bin', 'test_batch.bin'];
const CLASSES = 'airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n';

function writeData(): void {
  rmSync(data, { recursive: true, force: true });
  mkdirSync(data);
  const rng = Rng.fromSeed(1);
  const records = Uint8Array.from({ length: 20 * 3073 }, (_, i) => rng.integer(i % 3073 === 0 ? 10 : 256));
  for (const name of SETS) writeFileSync(join(data, name), records);
  writeFileSync(join(data, 'batches.meta.txt'), CLASSES);
}

async function writeWeights(): Promise<void> {
  const network = await createTNet('resnet-test', { numClasses: 10, inputShape: [32, 32, 3] });
  const made = network.init(Rng.fromSeed(5));
  await writeSafetensors(weights, toPyTorch(network, await readParams({ ...made.params, ...made.stats })));
  tf.dispose([made.params, made.stats] as tf.TensorContainer);
}

beforeAll(async () => {
  const backend = await startBackend(cpu);
  writeData();
  await writeWeights();
  const recipe = await changed(
    'data=cifar10',
    `data.path=${data}`,
    'network.name=resnet-test',
    `network.weights=${weights}`,
    'batchSize=5',
    'epochs=3',
    'method.plainRounds=1',
    'method.mnet.hidden=8',
    'method.mnet.heads=2',
  );
  await trainedAt(path, recipe, backend);
  rmSync(data, { recursive: true });
  rmSync(weights);
});

test('without its data and its weights, a run is decided about, prepared and exported', async () => {
  const { run, open, checkpoint, directory } = await openSavedRun(path, installed);
  expect(run.facts).toMatchObject({
    shapes: { images: [32, 32, 3] },
    classNames: CLASSES.trim().split('\n'),
  });
  const { state } = requireCheckpoint({ directory, checkpoint });
  const decision = await decide(run, state, { dense: false });
  const network = await prepare(run, state, decision, { again: false, open });
  const file = join(folder, 'network.safetensors');
  await saveNetwork(file, network, networkFacts(run, decision));
  const loaded = await loadNetwork(file, { installed });
  const name = 'layer2.0.conv1.weight';
  expect(await loaded.params[name]!.data()).toEqual(await network.params[name]!.data());
  tf.dispose([loaded.params, loaded.stats, network.params, network.stats] as tf.TensorContainer);

  // What needs the data says so.
  const missing = { code: 'not-found', message: expect.stringContaining(data) as unknown };
  await expect(open()).rejects.toMatchObject(missing);
  await expect(prepare(run, state, decision, { again: true, open })).rejects.toMatchObject(missing);
  disposeState(state);
});

test('with its data somewhere again it goes on and is measured; its weights are read to begin anew only', async () => {
  writeData();
  const { run, open, checkpoint, directory } = await openSavedRun(path, installed, data);
  const { state, source } = requireCheckpoint({ directory, checkpoint });
  const opened = await open();
  opened.source.restore(source);
  expect(knownOf(opened)).toEqual(directory.facts['known']);
  const { params, stats } = state.sections;
  const { recipe } = run;
  const on = await openFor(run.network, recipe, installed);
  expect(await testMeasures({ network: run.network, params, stats }, opened)).toHaveProperty('top1');
  expect([on.task.network, on.facts]).toEqual([run.network, run.facts]);
  await expect(open({ fresh: true })).rejects.toMatchObject({ code: 'not-found' });
  await writeWeights();
  const begun = (await open({ fresh: true })).start();
  const given = await createTNet('resnet-test', { numClasses: 10, inputShape: [32, 32, 3], weights });
  const name = 'layer2.0.conv1.weight';
  const expected = given.init(Rng.fromSeed(0)).params[name]!;
  expect(await begun.sections.params[name]!.data()).toEqual(await expected.data());
  disposeState(begun);
  disposeState(state);
});

test('what a run knows of its data opens all of it but the data', async () => {
  const recipe = await changed('data.trainLimit=128', 'epochs=2');
  const known = knownOf(await openRunData(recipe, installed));
  const run = await openClosedRun(recipe, installed, known, { fresh: true });
  expect([run.batchesPerEpoch, run.options.budget, run.network.name]).toEqual([2, 4, 'resnet8-digits']);
});

test('facts that are none are refused, and a run of before has to read its data', async () => {
  const file = join(path, 'run.json');
  const whole = readFileSync(file, 'utf8');
  const facts = JSON.parse(whole) as { known: { batchesPerEpoch: unknown } };
  writeFileSync(file, JSON.stringify({ ...facts, known: { ...facts.known, batchesPerEpoch: 0 } }));
  await expect(openSavedRun(path, installed)).rejects.toMatchObject({
    code: 'bad-file',
    message: expect.stringMatching(/known\.batchesPerEpoch/) as unknown,
  });
  const { known: _, ...before } = facts;
  writeFileSync(file, JSON.stringify(before));
  rmSync(data, { recursive: true });
  await expect(openSavedRun(path, installed)).rejects.toMatchObject({ code: 'not-found' });
  writeData();
  expect((await openSavedRun(path, installed)).run.facts.classNames).toHaveLength(10);
});
