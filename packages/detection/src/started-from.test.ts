import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { defineNetwork, Rng, startBackend } from '@ma-net/core';
import { writeSafetensors } from '@ma-net/core/node';
import { createTNet } from '@ma-net/tnet';
import { beforeAll, expect, test } from 'vitest';
import { condInstNetworkPart, startedFrom } from './index.ts';

beforeAll(() => startBackend(cpu));

const network = defineNetwork('tiny', { images: [4, 4, 3] }, (net, { images }) => ({
  map: net.conv('a', images, { out: 2, kernel: 1 }),
}));
const nowhere = { weights: '/nowhere.safetensors' };
const refuse = (): never => {
  throw new Error('nothing is read');
};

test('without weights, or where a checkpoint follows, nothing is read', async () => {
  expect(await startedFrom(network, {}, { fresh: true }, refuse)).toBe(network);
  expect(await startedFrom(network, nowhere, { fresh: false }, refuse)).toBe(network);
  await expect(startedFrom(network, nowhere, { fresh: true }, refuse)).rejects.toMatchObject({
    code: 'not-found',
  });
});

test('the file is put into the network, and what was taken is told', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ma-net-started-'));
  const path = join(folder, 'weights.safetensors');
  const data = Float32Array.of(1, 2, 3);
  await writeSafetensors(path, { a: { shape: [3], dtype: 'float32', data } });
  const told: string[] = [];
  const other = await createTNet('resnet-test', { numClasses: 2, inputShape: [8, 8, 1] });
  const none = { replaced: [], renamed: [], leftOut: [], converted: [] };
  const report = { format: 'ours', loaded: 3, verified: true, ...none };
  const started = await startedFrom(
    network,
    { weights: path },
    { fresh: true, tell: (words) => told.push(words) },
    (own, file, where) => {
      expect([own, [...file['a']!.data], where]).toEqual([network, [1, 2, 3], path]);
      return { network: other as never, report };
    },
  );
  rmSync(folder, { recursive: true });
  expect(started).toBe(other);
  expect(told).toEqual([expect.stringContaining(`starts from ${path}: `)]);
});

test("a part of CondInst's kind makes its network for what the data hold", async () => {
  const part = condInstNetworkPart(
    { id: 'x#y', name: 'own', about: 'a test' },
    async () => (name, images, shape) => {
      expect([images, shape.classes, shape.width, shape.body.stem]).toEqual([[64, 96, 3], 2, 16, 'imagenet']);
      return defineNetwork(name, { images: [...images] }, (net, inputs) => ({
        out: net.relu(inputs.images),
      }));
    },
  );
  const build = await part.open(part.schema.parse({ width: 16 }) as never);
  const facts = { classNames: ['a', 'b'], shapes: { images: [64, 96, 3] } } as never;
  const made = await build(facts, { fresh: true });
  expect(made.name).toBe('own');
  expect(made.init(Rng.fromSeed(0)).params).toEqual({});
});
