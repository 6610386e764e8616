// Every example runs, with little to do.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onnx } from '@ma-net/backend-onnx';
import { readParams, Rng, startBackend } from '@ma-net/core';
import { writeSafetensors } from '@ma-net/core/node';
import { encodeOnnx } from '@ma-net/export';
import { loadClassifier, loadNetwork } from '@ma-net/export/node';
import { notHere } from '@ma-net/testing';
import { chromium as executablePath } from '@ma-net/testing/node';
import { createTNet, toPyTorch } from '@ma-net/tnet';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'ma-net-examples-'));
const photos = join(folder, 'photos');
const MINUTES = 5 * 60_000;
const PORT = 4179;

async function run(
  example: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const script = join(root, 'examples', example, 'main.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
  });
  return stdout;
}

/** The files that an example says it wrote, by how they end. */
const written = (output: string, ending: string): string =>
  output.split('\n').findLast((line) => line.endsWith(ending))!;

/** Percent of the parameters that a compaction says are gone. */
const removed = (output: string): number => Number(/parameters .*\(-(\S+) %\)/.exec(output)![1]);

beforeAll(async () => {
  await startBackend(onnx, { threads: 1 });
  const rng = Rng.fromSeed(0);
  for (const [name, colour] of Object.entries({ green: [30, 180, 60], violet: [150, 40, 200] })) {
    await mkdir(join(photos, name), { recursive: true });
    for (let k = 0; k < 24; k++) {
      const pixels = Uint8Array.from({ length: 36 * 36 * 3 }, (_, i) => colour[i % 3]! + rng.integer(40));
      const image = sharp(pixels, { raw: { width: 36, height: 36, channels: 3 } });
      await image.png().toFile(join(photos, name, `${k}.png`));
    }
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('each is one file, and is run here', () => {
  const all = Object.fromEntries(
    readdirSync(join(root, 'examples')).map((name) => [name, readdirSync(join(root, 'examples', name))]),
  );
  expect(all).toEqual({
    browser: ['index.html'],
    gpu: ['main.mjs'],
    'own-images': ['main.mjs'],
    'own-network': ['main.mjs'],
    'prune-resnet50': ['main.mjs'],
  });
});

test(
  'own images: a folder becomes a classifier of its classes',
  async () => {
    const output = await run('own-images', [photos, '12']);
    expect(output).toMatch(/^\d+ images of green, violet$/m);
    expect(removed(output)).toBeGreaterThan(25);
    const classifier = await loadClassifier(written(output, '.safetensors'));
    const said = await Promise.all(
      ['green', 'violet'].map(
        async (name) => (await classifier.classify(join(photos, name, '0.png'), 1))[0]!.name,
      ),
    );
    expect(said).toEqual(['green', 'violet']);
    classifier.close();
  },
  MINUTES,
);

test(
  'own network: it learns, loses half, and is a graph',
  async () => {
    const output = await run('own-network', ['6']);
    expect(Number(/compacted: (\S+) %/.exec(output)![1])).toBeGreaterThan(50);
    expect(removed(output)).toBeGreaterThan(25);
    const classifier = await loadClassifier(written(output, '.onnx'));
    expect(classifier.shape).toEqual([8, 8, 1]);
    classifier.close();
  },
  MINUTES,
);

test(
  "torchvision's weights: the file of a network of the zoo is fine-tuned and cut",
  async () => {
    // A small network in the layout of torchvision's files; the example itself names a ResNet-50.
    const network = await createTNet('resnet10-cifar', { numClasses: 7 });
    const { params, stats } = network.init(Rng.fromSeed(3));
    const weights = join(folder, 'weights.safetensors');
    await writeSafetensors(weights, toPyTorch(network, await readParams({ ...params, ...stats })));
    const small = { NETWORK: 'resnet10-cifar', EPOCHS: '4', BATCH: '8', OUT: join(folder, 'half') };
    const output = await run('prune-resnet50', [weights, photos], small);
    const [before, after] = ['before', 'after'].map((when) =>
      Number(new RegExp(`^${when} +(\\d+)`, 'm').exec(output)![1]),
    );
    expect(after! / before!).toBeLessThan(0.55);
    const left = await loadNetwork(written(output, '.safetensors'));
    expect(left.facts.classNames).toEqual(['green', 'violet']);
    expect(existsSync(written(output, '.onnx'))).toBe(true);
  },
  MINUTES,
);

test(
  'GPU: it trains on one, or says why it cannot',
  async () => {
    const output = await run('gpu', []);
    const refused = /^no cuda: .+\nno webgpu: .+\nThere is no GPU here/m.test(output);
    expect(refused || /mini-batch .* ms each/.test(output)).toBe(true);
  },
  MINUTES,
);

if (executablePath === undefined) notHere('Chromium', 'apt-get install chromium, or set MA_NET_CHROMIUM');
else
  test(
    'browser: the page says of an image what Node says',
    async () => {
      const network = await createTNet('resnet-test', { numClasses: 2 });
      const facts = {
        shapes: { images: network.inputs[0]!.shape },
        classNames: ['green', 'violet'],
        input: { mean: [0.4, 0.4, 0.4], std: [0.3, 0.3, 0.3], white: 255, crop: 1 },
      };
      const model = join(folder, 'model.onnx');
      const trained = { network, ...network.init(Rng.fromSeed(1)) };
      writeFileSync(model, await encodeOnnx(trained, facts, { pixels: true }));
      const image = join(photos, 'violet', '3.png');
      const node = await loadClassifier(model);
      const expected = (await node.classify(image)).map(
        ({ name, probability }) => `${name}: ${(100 * probability).toFixed(1)} %`,
      );
      node.close();

      const site = join(folder, 'site');
      await promisify(execFile)(
        'npx',
        ['--no-install', 'vite', 'build', 'examples/browser', '--outDir', site],
        { cwd: root },
      );
      const args = [
        '--no-install',
        'vite',
        'preview',
        'examples/browser',
        '--outDir',
        site,
        '--port',
        String(PORT),
      ];
      const server = spawn('npx', args, { cwd: root, detached: true });
      await once(server.stdout, 'data');
      const browser = await chromium.launch({
        executablePath: executablePath!,
        args: ['--no-sandbox', '--disable-dev-shm-usage'],
      });
      const page = await browser.newPage();
      const said: string[] = [];
      page.on('pageerror', (error) => said.push(error.message));
      await page.goto(`http://localhost:${PORT}/`, { waitUntil: 'networkidle' });
      await page.getByLabel('Network').setInputFiles(model);
      await page.getByText('model.onnx tells green, violet apart').waitFor({ timeout: 60_000 });
      await page.getByLabel('Image').setInputFiles(image);
      await page.locator('li').first().waitFor();
      expect(await page.locator('li').allInnerTexts()).toEqual(expected);
      expect(said).toEqual([]);
      await browser.close();
      // npx, and vite below it.
      process.kill(-server.pid!);
    },
    MINUTES,
  );
