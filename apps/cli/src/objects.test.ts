// Detectors on the command line: what they are measured by, what they say of photographs, and the pictures of it.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { Rng, startBackend } from '@ma-net/core';
import { scenes } from '@ma-net/data-coco/parts';
import { saveNetwork } from '@ma-net/export/node';
import { maNet } from '@ma-net/method-ma-net/parts';
import { defineRecipe } from '@ma-net/run';
import { fcos, fcosNetwork } from '@ma-net/task-fcos/parts';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { manet, newFolder } from '../test/manet.ts';

const folder = newFolder();
const run = (...args: string[]) => manet([...args, '--backend', 'cpu'], folder);

beforeAll(async () => {
  await startBackend(cpu);
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
    data: scenes({ train: 4, test: 3, sides: [64, 64] }),
    task: fcos({ threshold: 0.001, limit: 3 }),
    method: maNet({}),
    batchSize: 2,
    epochs: 1,
    optimizer: { name: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: false, weightDecay: 0 },
    schedule: { name: 'constant', warmup: 0 },
    evaluateEvery: 1,
  }))();
  const data = await scenes.open(scenes.schema.parse({ train: 4, test: 3, sides: [64, 64] }));
  const { use: _, ...options } = recipe.network;
  const network = await (await fcosNetwork.open(fcosNetwork.schema.parse(options)))(data.facts, {
    fresh: true,
  });
  const facts = { network: recipe.network, task: recipe.task, ...data.facts, recipe };
  for (const [name, seed] of [
    ['a.safetensors', 1],
    ['b.safetensors', 2],
  ] as const)
    await saveNetwork(join(folder, name), { network, ...network.init(Rng.fromSeed(seed)) }, facts);
  for (const [name, height, width] of [
    ['17.png', 40, 64],
    ['street.png', 64, 64],
  ] as const) {
    const pixels = Rng.fromSeed(height).uniforms(height * width * 3, 0, 256);
    await sharp(Uint8Array.from(pixels), { raw: { height, width, channels: 3 } })
      .png()
      .toFile(join(folder, name));
  }
});

test("COCO's numbers are printed, and those of every class", async () => {
  const { code, stdout, stderr } = await run('eval', 'a.safetensors', '--classes');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/3 test samples\n {2}AP +[\d.]+ %\n {2}AP50 +[\d.]+ %\n {2}AP75/);
  expect(stdout).toMatch(/per cent +AP +AP50/);
});

test('objects are said, drawn as SVG and PNG, and written as a results file of COCO', {
  timeout: 120_000,
}, async () => {
  const args = ['17.png', 'street.png', '--least', '0', '--pictures', 'seen', '--png'];
  const { code, stdout, stderr } = await run(
    'predict',
    'a.safetensors',
    ...args,
    '--json',
    '--results',
    'found.json',
  );
  expect([code, stderr]).toEqual([0, '']);
  const said = JSON.parse(stdout) as {
    file: string;
    objects: { name: string; score: number; box: [number, number, number, number] }[];
  }[];
  expect(said.map(({ file, objects }) => [file, objects.length])).toEqual([
    ['17.png', 3],
    ['street.png', 3],
  ]);
  const [{ objects }] = said as [(typeof said)[0]];
  for (const { box } of objects) {
    expect(box[2]).toBeLessThanOrEqual(64);
    expect(box[3]).toBeLessThanOrEqual(40);
  }
  const svg = readFileSync(join(folder, 'seen', '17.svg'), 'utf8');
  expect(svg).toContain(`>${objects[0]!.name} ${(100 * objects[0]!.score).toFixed(0)} %<`);
  const png = await sharp(join(folder, 'seen', '17.png')).metadata();
  // Shown at five times its size.
  expect([png.width, png.height]).toEqual([320, 200]);
  const results = JSON.parse(readFileSync(join(folder, 'found.json'), 'utf8')) as Record<string, unknown>[];
  const [x0, y0, x1, y1] = objects[0]!.box;
  expect(results[0]).toEqual({
    image_id: 17,
    category_id: Number(objects[0]!.name) + 1,
    bbox: [x0, y0, x1 - x0, y1 - y0],
    score: objects[0]!.score,
  });
  expect(results[3]!['image_id']).toBe(2);

  // Its own files are replaced, those of others are not.
  expect((await run('predict', 'a.safetensors', ...args)).code).toBe(0);
  writeFileSync(join(folder, 'seen', '17.png'), 'mine');
  expect((await run('predict', 'a.safetensors', ...args)).stderr).toMatch(/not written by manet/);
});

test('two networks are put side by side', { timeout: 120_000 }, async () => {
  const { code, stdout, stderr } = await run(
    'compare',
    'a.safetensors',
    'b.safetensors',
    'street.png',
    '17.png',
    '--least',
    '0',
  );
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('compare.svg');
  const svg = readFileSync(join(folder, 'compare.svg'), 'utf8');
  expect(svg.match(/<image /g)).toHaveLength(4);
  expect(svg).toContain('>a.safetensors<');
  const { width, height } = await sharp(join(folder, 'compare.png')).metadata();
  expect([width, height]).toEqual([2 * 320 + 12, 28 + 320 + 12 + 200]);

  expect((await run('compare', 'a.safetensors', 'street.png')).stderr).toMatch(/1 networks and 1 photos/);
  const both = await manet(['compare', 'a.safetensors', '--recipe', 'digits'], folder);
  expect([both.code, both.stderr]).toEqual([2, expect.stringMatching(/either a recipe/)]);
  expect((await manet(['compare'], folder)).code).toBe(2);
});

test('a graph alone says the same', { timeout: 120_000 }, async () => {
  const exported = await manet(
    ['export', 'a.safetensors', '--format', 'onnx', '--out', 'a.onnx', '--verify'],
    folder,
  );
  expect(exported.stdout).toMatch(/Verified: \d of 3 test images/);
  const objectsOf = async (file: string) => {
    const { stdout } = await run('predict', file, 'street.png', '--least', '0', '--json');
    return (JSON.parse(stdout) as { objects: { name: string; box: number[] }[] }[])[0]!.objects;
  };
  const [ours, theirs] = [await objectsOf('a.safetensors'), await objectsOf('a.onnx')];
  expect(theirs.map(({ name }) => name)).toEqual(ours.map(({ name }) => name));
  theirs.forEach(({ box }, n) => box.forEach((side, k) => expect(side).toBeCloseTo(ours[n]!.box[k]!, 2)));
  expect(existsSync(join(folder, 'a.onnx'))).toBe(true);
});
