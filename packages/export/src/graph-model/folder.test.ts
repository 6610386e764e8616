import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { Rng, startBackend } from '@ma-net/core';
import { createTNet } from '@ma-net/tnet';
import { zoo } from '@ma-net/tnet/parts';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import type { NetworkFacts } from '../network-facts.ts';
import type { TrainedNetwork } from '../network-bytes.ts';
import { graphModelFrom, writeGraphModel } from './folder.ts';
import { type GraphModel, toGraphModel } from './graph-model.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const parent = mkdtempSync(join(tmpdir(), 'ma-net-graph-model-'));
let folders = 0;
const newFolder = (): string => join(parent, `${++folders}`);

const facts: NetworkFacts = {
  network: zoo({ name: 'resnet-test' }),
  shapes: {},
  classNames: ['a', 'b', 'c'],
  input: { mean: [0.5, 0.4, 0.3], std: [0.1, 0.2, 0.3], white: 255 },
};

async function fresh(name: string, seed = 1): Promise<TrainedNetwork & { readonly model: GraphModel }> {
  const network = await createTNet(name, { numClasses: 3 });
  const trained = { network, ...network.init(Rng.fromSeed(seed)) };
  return { ...trained, model: await toGraphModel(trained, facts, { pixels: false }) };
}

const images = (network: TrainedNetwork['network']): tf.Tensor4D =>
  tf.randomNormal([2, ...network.inputs[0]!.shape] as [number, number, number, number], 0, 1, 'float32', 3);

test('a model comes back from its folder', async () => {
  const folder = join(newFolder(), 'made', 'on the way');
  const { network, params, stats, model } = await fresh('resnet-test');
  await writeGraphModel(folder, model);
  const loaded = await loadGraphModel(graphModelFrom(folder));
  const { logits } = network.forward(params, stats, { images: images(network) }, { training: false }).outputs;
  const found = loaded.predict(images(network)) as tf.Tensor;
  expect(tf.max(tf.abs(tf.sub(found, logits!))).arraySync()).toBeLessThan(1e-5);
});

test('a model served over HTTP is loaded by its address, from several shards', async () => {
  const folder = newFolder();
  // 11 MB of weights.
  const { model } = await fresh('resnet20-cifar');
  const large = { name: 'unused', shape: [2_500_000], dtype: 'float32', data: new Float32Array(2_500_000) };
  await writeGraphModel(folder, { ...model, weights: [...model.weights, large as GraphModel['weights'][0]] });
  const shards = readdirSync(folder).filter((file) => file.endsWith('.bin'));
  expect(shards).toHaveLength(3);
  for (const shard of shards) expect(statSync(join(folder, shard)).size).toBeLessThanOrEqual(4 * 1024 * 1024);

  const server = createServer((request, response) => {
    response.end(readFileSync(join(folder, basename(request.url!))));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    const { port } = server.address() as AddressInfo;
    const loaded = await loadGraphModel(`http://127.0.0.1:${port}/model.json`);
    expect((loaded.predict(tf.zeros([4, 32, 32, 3])) as tf.Tensor).shape).toEqual([4, 3]);
  } finally {
    server.close();
  }
});

test('a model written over another leaves nothing of it, and nothing else is touched', async () => {
  const folder = newFolder();
  await writeGraphModel(folder, (await fresh('resnet-test')).model);
  const before = readdirSync(folder);
  writeFileSync(join(folder, 'weights.bin'), 'mine');
  const { network, params, stats, model } = await fresh('resnet-test', 2);
  await writeGraphModel(folder, model);
  const after = readdirSync(folder);
  expect(after).toHaveLength(3);
  expect(after).toContain('weights.bin');
  expect(after.filter((file) => before.includes(file))).toEqual(['model.json']);
  const { logits } = network.forward(params, stats, { images: images(network) }, { training: false }).outputs;
  const found = (await loadGraphModel(graphModelFrom(folder))).predict(images(network)) as tf.Tensor;
  expect(tf.max(tf.abs(tf.sub(found, logits!))).arraySync()).toBeLessThan(1e-5);
});

test('a file where the folder should be is refused, and stays', async () => {
  const path = newFolder();
  writeFileSync(path, 'mine');
  const { model } = await fresh('resnet-test');
  await expect(writeGraphModel(path, model)).rejects.toMatchObject({ code: 'bad-argument' });
  expect(readFileSync(path, 'utf8')).toBe('mine');
});
