// `manet predict` as people run it: one file, in a folder of its own, says what is on photos.

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cpu } from '@ma-net/backend-cpu';
import { Rng, startBackend } from '@ma-net/core';
import { saveNetwork } from '@ma-net/export/node';
import { createTNet } from '@ma-net/tnet';
import { zoo } from '@ma-net/tnet/parts';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';

const manet = fileURLToPath(new URL('../bin/manet.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'ma-net-predict-'));
const run = (...args: string[]) =>
  promisify(execFile)(process.execPath, [manet, 'predict', ...args, '--backend', 'cpu'], { cwd: folder });

beforeAll(async () => {
  await startBackend(cpu);
  const network = await createTNet('resnet-test', { numClasses: 3 });
  const facts = {
    network: zoo({ name: 'resnet-test' }),
    classNames: ['ant', 'bee', 'cat'],
    shapes: { images: network.inputs[0]!.shape },
    input: { mean: [0.4, 0.5, 0.6], std: [0.2, 0.2, 0.2], white: 255 },
  };
  await saveNetwork(join(folder, 'net.safetensors'), { network, ...network.init(Rng.fromSeed(3)) }, facts);
  mkdirSync(join(folder, 'photos'));
  for (const [i, side] of [30, 64].entries()) {
    const pixels = Rng.fromSeed(i).uniforms(side * side * 3, 0, 256);
    const photo = sharp(Uint8Array.from(pixels), { raw: { height: side, width: side, channels: 3 } });
    await photo.png().toFile(join(folder, 'photos', `${i}.png`));
  }
  writeFileSync(join(folder, 'photos', 'notes.txt'), 'no photo');
});

test('every photo of a folder gets its classes, as JSON or for people, and a picture', async () => {
  const { stdout } = await run('net.safetensors', 'photos', '--json', '--pictures', 'seen');
  const found = JSON.parse(stdout) as { file: string; classes: { name: string; probability: number }[] }[];
  expect(found.map(({ file }) => file)).toEqual([join('photos', '0.png'), join('photos', '1.png')]);
  for (const { classes } of found) {
    expect(classes.map(({ name }) => name).sort()).toEqual(['ant', 'bee', 'cat']);
    expect(classes.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6);
  }
  expect(readFileSync(join(folder, 'seen', '1.svg'), 'utf8')).toContain(found[1]!.classes[0]!.name);

  const alone = await run('net.safetensors', join('photos', '1.png'), '--top', '1');
  const best = found[1]!.classes[0]!;
  expect(alone.stdout.trim().split(/\s+/)).toEqual([
    join('photos', '1.png'),
    (100 * best.probability).toFixed(2),
    '%',
    best.name,
  ]);
}, 60_000);

test('what is no photo, no network, or somebody else’s file is refused, and left as it is', async () => {
  const refused = async (said: RegExp, ...args: string[]): Promise<void> => {
    await expect(run(...args)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(said) as string,
    });
  };
  await refused(/\[not-found\]: There is no such photo/, 'net.safetensors', 'none.jpg');
  await refused(/\[not-found\]: There is no such run/, 'none.safetensors', 'photos');
  await refused(/\[bad-data\].*\n.*notes\.txt/, 'net.safetensors', join('photos', 'notes.txt'));
  mkdirSync(join(folder, 'mine'));
  writeFileSync(join(folder, 'mine', '0.svg'), 'mine');
  await refused(
    /\[bad-argument\]: This file was not written by manet/,
    'net.safetensors',
    'photos',
    '--pictures',
    'mine',
  );
  expect(readFileSync(join(folder, 'mine', '0.svg'), 'utf8')).toBe('mine');
  expect(existsSync(join(folder, 'mine', '1.svg'))).toBe(false);
}, 60_000);
