import { param, readParams, Rng } from '@ma-net/core';
import { readSafetensors, writeSafetensors } from '@ma-net/core/node';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTNet, toPyTorch } from '../index.ts';
import type { WeightReport } from './load.ts';
import { readWeights } from './read.node.ts';

const folder = mkdtempSync(join(tmpdir(), 'manet-weights-'));
const file = join(folder, 'model.safetensors');

beforeAll(async () => {
  tf.env().set('IS_TEST', true);
  await tf.setBackend('cpu');
  const network = await createTNet('vit-test', { numClasses: 7 });
  const { params } = network.init(Rng.fromSeed(1));
  await writeSafetensors(file, toPyTorch(network, await readParams(params), 'timm'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('createTNet with weights', () => {
  test('starts from a file, with a classifier of its own', async () => {
    const reports: WeightReport[] = [];
    const onWeights = (report: WeightReport): unknown => reports.push(report);
    const network = await createTNet('vit-test', { numClasses: 5, weights: file, onWeights });
    const { params } = network.init(Rng.fromSeed(2));
    const saved = (await createTNet('vit-test', { numClasses: 7 })).init(Rng.fromSeed(1)).params;
    const name = 'encoder.layers.encoder_layer_1.self_attention.k.weight';
    expect(await param(params, name).data()).toEqual(await param(saved, name).data());
    expect(param(params, 'heads.head.weight').shape).toEqual([8, 5]);
    expect(reports.map(({ format }) => format)).toEqual(['timm']);
    expect(reports[0]!.replaced.map((d) => d.name)).toEqual(['heads.head.weight', 'heads.head.bias']);
  });

  test('weights of another architecture are refused, naming the file', async () => {
    const loading = createTNet('resnet-test', { numClasses: 5, weights: file });
    await expect(loading).rejects.toMatchObject({ code: 'network-mismatch' });
    await expect(loading).rejects.toThrow(file);
  });

  test('a file that is not there is not found', async () => {
    const loading = createTNet('resnet-test', { numClasses: 5, weights: join(folder, 'none') });
    await expect(loading).rejects.toMatchObject({ code: 'not-found' });
  });

  test('asks the hub for what is published under the name', async () => {
    const asked: string[] = [];
    const hub = {
      cacheDir: folder,
      fetch: (input: string | URL | Request) => {
        asked.push(input instanceof Request ? input.url : String(input));
        return Promise.reject(new TypeError('fetch failed'));
      },
    };
    await expect(createTNet('resnet18', { numClasses: 10, weights: 'hub', hub })).rejects.toThrow(/reached/);
    await expect(createTNet('resnet18', { numClasses: 10, weights: 'hub:me/mine', hub })).rejects.toThrow(
      /reached/,
    );
    expect(asked.map((url) => new URL(url).pathname)).toEqual([
      '/api/models/timm/resnet18.tv_in1k/paths-info/main',
      '/api/models/me/mine/paths-info/main',
    ]);
  });

  test('says so when nothing is published', async () => {
    const loading = createTNet('resnet-test', { numClasses: 5, weights: 'hub' });
    await expect(loading).rejects.toThrow(/Published: resnet18, /);
  });

  test('starts from tensors in memory', async () => {
    const { tensors } = await readSafetensors(file);
    const network = await createTNet('vit-test', { numClasses: 7, weights: tensors });
    const [own, saved] = [
      network.init(Rng.fromSeed(2)),
      (await createTNet('vit-test', { numClasses: 7 })).init(Rng.fromSeed(1)),
    ];
    expect(await param(own.params, 'heads.head.weight').data()).toEqual(
      await param(saved.params, 'heads.head.weight').data(),
    );
  });

  test('an address is for browsers', async () => {
    const reading = readWeights('vit-test', 'https://example.org/model.safetensors');
    await expect(reading).rejects.toMatchObject({ code: 'bad-argument' });
  });
});
