// The command as a person runs it: weights and a folder of images, or a run.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { readParams, Rng, startBackend } from '@ma-net/core';
import { readSafetensors, writeSafetensors } from '@ma-net/core/node';
import { saveNetwork } from '@ma-net/export/node';
import { createTNet, toPyTorch } from '@ma-net/tnet';
import { beforeAll, expect, test } from 'vitest';
import { manet, newFolder, startManet, TINY } from '../test/manet.ts';
import { png } from '../test/png.ts';

const folder = newFolder();
const weights = join(folder, 'resnet-test.safetensors');
/** Numbers that a file of weights holds, statistics included. */
const numbersIn = async (path: string): Promise<number> => {
  const { tensors } = await readSafetensors(path);
  return Object.entries(tensors).reduce(
    (sum, [name, { data }]) => sum + (name === 'ma-net.plan' ? 0 : data.length),
    0,
  );
};

beforeAll(async () => {
  await startBackend(cpu);
  const network = await createTNet('resnet-test', { numClasses: 5 });
  const { params, stats } = network.init(Rng.fromSeed(1));
  // As another program would have written it: torchvision's names, nothing that names the network, and other classes.
  await writeSafetensors(weights, toPyTorch(network, await readParams({ ...params, ...stats })));
  const rng = Rng.fromSeed(2);
  for (const [name, base] of [
    ['dark', 20],
    ['light', 150],
  ] as const) {
    mkdirSync(join(folder, 'photos', name), { recursive: true });
    for (let i = 0; i < 24; i++) {
      const pixels = Uint8Array.from({ length: 9 * 10 * 3 }, () => base + rng.integer(80));
      writeFileSync(join(folder, 'photos', name, `${i}.png`), png(pixels, [9, 10]));
    }
  }
});

const SHRINK = ['shrink', weights, '--data', 'photos', '--backend', 'cpu', '--out', 'small'];

test('weights and a folder of images, to a smaller network; killed in between', {
  timeout: 240_000,
}, async () => {
  const args = [...SHRINK, '--remove-params', '35%'];
  const killed = startManet(args, folder);
  await killed.printed('3/6');
  killed.process.kill('SIGKILL');
  await killed.finished;
  const { code, stdout, stderr } = await manet(args, folder);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).toContain('continuing after mini-batch');
  // At least what was asked for.
  expect(Number(/parameters .*\(-(\d+\.\d) %\)/.exec(stdout)?.[1])).toBeGreaterThanOrEqual(35);
  expect(stdout).toMatch(/test top1 +[\d.]+ % +[\d.]+ %/);
  const [before, after] = [
    await numbersIn(weights),
    await numbersIn(join(folder, 'small', 'shrunk.safetensors')),
  ];
  expect(after).toBeLessThanOrEqual(0.7 * before);
  expect(existsSync(join(folder, 'small', 'shrunk.onnx'))).toBe(true);
  // What was written is an exported network as any other.
  expect(
    (await manet(['export', 'small/shrunk.safetensors', '--out', 'copy.safetensors'], folder)).code,
  ).toBe(0);
});

test('a network that was compacted is not shrunk again, and the error says what to do', async () => {
  const small = await createTNet('resnet-test', { numClasses: 2 });
  const narrow = small.resized({
    'layer1.0.conv1.weight': [3, 3, 4, 2],
    'layer1.0.bn1.weight': [2],
    'layer1.0.bn1.bias': [2],
    'layer1.0.conv2.weight': [3, 3, 2, 4],
  });
  const { params, stats } = narrow.init(Rng.fromSeed(1));
  const facts = { classNames: ['dark', 'light'], shapes: { images: [8, 8, 3] } };
  await saveNetwork(
    join(folder, 'narrow.safetensors'),
    { network: narrow, params, stats },
    {
      ...facts,
      network: { use: '@ma-net/tnet#zoo', name: 'resnet-test' },
      input: { mean: [0, 0, 0], std: [1, 1, 1], white: 255 },
    },
  );
  const args = ['shrink', 'narrow.safetensors', '--data', 'photos', '--backend', 'cpu', '--out', 'again'];
  const { code, stderr } = await manet(args, folder);
  expect(code).toBe(1);
  expect(stderr).toMatch(/error \[network-mismatch\]: The weights are those of a narrower resnet-test/);
  expect(stderr).toContain('ask for all that is to go at once');
});

test('one image a class: refused with the flag that lets all of them train', {
  timeout: 240_000,
}, async () => {
  const few = newFolder();
  for (let label = 0; label < 24; label++) {
    const name = join(few, 'photos', 'train', `class${label}`);
    mkdirSync(name, { recursive: true });
    const pixels = Uint8Array.from({ length: 9 * 10 * 3 }, (_, i) => (i * label) % 256);
    writeFileSync(join(name, 'only.png'), png(pixels, [9, 10]));
  }
  const args = ['shrink', weights, '--data', 'photos', '--remove-params', '20%', '--backend', 'cpu'];
  const refused = await manet(args, few);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/would be empty[^]*--no-held-out/);
  const { code, stdout, stderr } = await manet([...args, '--no-held-out'], few);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).toContain('best on its training images');
  expect(stdout).toContain('the measures say nothing about new images');
});

test('a target out of reach is refused before anything is trained, with what can be reached', async () => {
  const { code, stdout, stderr } = await manet(
    [...SHRINK.slice(0, -1), 'none', '--remove-params', '99%'],
    folder,
  );
  expect(code).toBe(1);
  expect(stderr).toMatch(/at most [\d.]+ % can go above the floors/);
  expect(stdout).not.toContain('epoch');
});

test('a run on its own data', { timeout: 240_000 }, async () => {
  const here = newFolder();
  await manet(['train', ...TINY, '--set', 'epochs=2', '--out', 'digits'], here);
  const args = ['shrink', 'digits', '--remove-macs', '20%', '--epochs', '4', '--backend', 'cpu'];
  const { code, stdout, stderr } = await manet(args, here);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).toContain('best on held-out images');
  expect(Number(/MACs .*\(-(\d+\.\d) %\)/.exec(stdout)?.[1])).toBeGreaterThanOrEqual(20);
  const photos = await manet([...args, '--data', join(folder, 'photos')], here);
  expect(photos.stderr).toContain('takes no photographs');
});

test.each([
  [['shrink', weights], 'There are no images'],
  [['shrink', 'nowhere.safetensors', '--data', 'photos'], 'nowhere.safetensors'],
  [['shrink', 'hub', '--data', 'photos'], '--network <name>'],
])('refuses %j', async (args, words) => {
  const { code, stderr } = await manet([...args, '--backend', 'cpu'], folder);
  expect(code).toBe(1);
  expect(stderr).toContain(words);
});
