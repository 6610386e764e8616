import { param, readParams, Rng } from '@ma-net/core';
import { readSafetensors, writeSafetensors } from '@ma-net/core/node';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTNet, toPyTorch } from '../index.ts';
import type { WeightReport } from './load.ts';
import { readWeights as readInBrowser } from './read.browser.ts';

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
    const loading = createTNet('vit-test', {
      numClasses: 7,
      weights: 'https://example.org/model.safetensors',
    });
    await expect(loading).rejects.toMatchObject({ code: 'bad-argument' });
  });
});

describe('weights in a browser', () => {
  const bytes = (): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(file));
  const answer =
    (response: Response, asked: Request[] = []): typeof fetch =>
    (input, init) => {
      asked.push(new Request(input, init));
      return Promise.resolve(response);
    };

  test('come from an address, with progress', async () => {
    const seen: [number, number][] = [];
    const response = new Response(bytes(), { headers: { 'content-length': String(bytes().length) } });
    const { tensors, where } = await readInBrowser('vit-test', 'https://example.org/model.safetensors', {
      fetch: answer(response),
      onProgress: (received, total) => seen.push([received, total]),
      accessToken: 'secret',
    });
    expect(tensors).toEqual((await readSafetensors(file)).tensors);
    expect(where).toBe('https://example.org/model.safetensors');
    expect(seen.at(-1)).toEqual([bytes().length, bytes().length]);
  });

  test('come from the hub, which alone is shown the access token', async () => {
    const asked: Request[] = [];
    const hub = (): { fetch: typeof fetch; accessToken: string } => ({
      fetch: answer(new Response(bytes()), asked),
      accessToken: 'secret',
    });
    await readInBrowser('resnet18', 'hub', hub());
    await readInBrowser('resnet18', 'hub:me/mine', hub());
    await readInBrowser('resnet18', 'https://example.org/mine', hub());
    expect(asked.map(({ url }) => url)).toEqual([
      'https://huggingface.co/timm/resnet18.tv_in1k/resolve/main/model.safetensors',
      'https://huggingface.co/me/mine/resolve/main/model.safetensors',
      'https://example.org/mine',
    ]);
    expect(asked.map(({ headers }) => headers.get('authorization'))).toEqual([
      'Bearer secret',
      'Bearer secret',
      null,
    ]);
  });

  test('that are not there, or cannot be reached, are not found', async () => {
    const refused = answer(new Response('', { status: 404, statusText: 'Not Found' }));
    await expect(readInBrowser('resnet18', 'hub', { fetch: refused })).rejects.toThrow(/404 Not Found/);
    const offline = (): Promise<Response> => Promise.reject(new TypeError('fetch failed'));
    await expect(readInBrowser('resnet18', 'hub', { fetch: offline })).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});
