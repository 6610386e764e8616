// A detector of photographs of two shapes, that sees blue first, as graphs for other programs.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { Rng, startBackend } from '@ma-net/core';
import { coco } from '@ma-net/data-coco/parts';
import { saveNetwork } from '@ma-net/export/node';
import { defineRecipe } from '@ma-net/run';
import { fcos, fcosNetwork } from '@ma-net/task-fcos/parts';
import sharp from 'sharp';
import { beforeAll, expect, test, vi } from 'vitest';
import { manet, newFolder } from '../../test/manet.ts';

// Each starts a process or several, and machines may be busy.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const folder = newFolder();
const photos = [
  [40, 90],
  [90, 41],
  [50, 96],
] as const;

beforeAll(async () => {
  for (const part of ['annotations', 'train', 'val'])
    mkdirSync(join(folder, 'set', part), { recursive: true });
  for (const split of ['train', 'val']) {
    const images = photos.map(([height, width], i) => ({ id: i + 1, file_name: `${i}.png`, height, width }));
    const annotations = images.map(({ id }) => ({ id, image_id: id, category_id: 1, bbox: [2, 2, 20, 20] }));
    const text = JSON.stringify({ images, annotations, categories: [{ id: 1, name: 'thing' }] });
    writeFileSync(join(folder, 'set', 'annotations', `instances_${split}.json`), text);
    for (const [i, [height, width]] of photos.entries()) {
      const pixels = Uint8Array.from(Rng.fromSeed(i).uniforms(height * width * 3, 0, 256));
      const photo = sharp(pixels, { raw: { height, width, channels: 3 } }).png();
      await photo.toFile(join(folder, 'set', split, `${i}.png`));
    }
  }
  await startBackend(cpu);
  const options = {
    buckets: [
      { height: 64, width: 96 },
      { height: 96, width: 64 },
    ],
    shorter: [64],
    longest: 96,
    channels: 'BGR' as const,
    normalisation: { mean: [100, 110, 120], std: [50, 60, 70] },
    white: 1,
  };
  const recipe = defineRecipe(() => ({
    name: 'tiny',
    about: 'a detector that knows nothing yet',
    seed: 0,
    network: fcosNetwork({
      body: { block: 'basic', depths: [1, 1, 1, 1], width: 2, norm: 'batch' },
      width: 4,
      beyond: 'none',
      convolutions: 1,
      groupWidth: 2,
    }),
    data: coco(options),
    task: fcos({ threshold: 0.001, limit: 3 }),
    method: { use: '@ma-net/baselines#plain' },
    batchSize: 2,
    epochs: 1,
    optimizer: { name: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: false, weightDecay: 0 },
    schedule: { name: 'constant', warmup: 0 },
    evaluateEvery: 1,
  }))();
  const { facts } = await coco.open(coco.schema.parse({ ...options, path: join(folder, 'set') }));
  const { use: _, ...shape } = recipe.network;
  const network = await (await fcosNetwork.open(fcosNetwork.schema.parse(shape)))(facts, { fresh: true });
  const trained = { network, ...network.init(Rng.fromSeed(1)) };
  const said = { network: recipe.network, task: recipe.task, ...facts, recipe };
  await saveNetwork(join(folder, 'a.safetensors'), trained, said);
});

const exported = (...args: string[]) =>
  manet(['export', 'a.safetensors', '--verify', '--data', 'set', ...args], folder);

test('there is a graph for every shape, and every test image is verified', async () => {
  const { code, stdout, stderr } = await exported('--format', 'onnx', '--out', 'a.onnx');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/Wrote a\.onnx: images \[batch, 64, 96, 3\], pixels from 0 to 1 \(RGB\)/);
  expect(stdout).toMatch(/Wrote a-96x64\.onnx: images \[batch, 96, 64, 3\]/);
  expect(stdout).toMatch(/Verified: 3 of 3 test images/);

  // Each says of a photograph what the network says, which the second one fits.
  const said = async (file: string) => {
    const args = ['predict', file, join('set', 'val', '1.png'), '--least', '0', '--json'];
    const { stdout: text } = await manet([...args, '--backend', 'cpu'], folder);
    return (JSON.parse(text) as { objects: { name: string; box: number[] }[] }[])[0]!.objects;
  };
  const [ours, theirs] = [await said('a.safetensors'), await said('a-96x64.onnx')];
  expect(theirs).toHaveLength(3);
  theirs.forEach(({ box }, n) => box.forEach((side, k) => expect(side).toBeCloseTo(ours[n]!.box[k]!, 1)));

  // A file of somebody else's in the place of the second is kept, and nothing is written.
  writeFileSync(join(folder, 'b-96x64.onnx'), 'mine');
  const refused = await exported('--format', 'onnx', '--out', 'b.onnx');
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/b-96x64\.onnx[^]*--force/)]);
  expect(() => readFileSync(join(folder, 'b.onnx'))).toThrow(/ENOENT/);
  expect(readFileSync(join(folder, 'b-96x64.onnx'), 'utf8')).toBe('mine');
});

test('weights take all shapes at once', async () => {
  const args = ['--format', 'safetensors', '--no-model', '--out', 'again.safetensors', '--backend', 'cpu'];
  const { code, stdout, stderr } = await exported(...args);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/Verified: 3 of 3 test images/);
  expect(stdout.match(/Wrote/g)).toHaveLength(1);
});
