// A folder of one's own photographs, from training to a file that is used alone: the same numbers with and without
// threads that read ahead, and after a kill.

import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Rng } from '@ma-net/core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { manet, newFolder, startManet } from '../test/manet.ts';
import { png } from '../test/png.ts';

// Each starts processes, and machines may be busy.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const [folder, elsewhere] = [newFolder(), newFolder()];
afterAll(() => {
  for (const path of [folder, elsewhere]) rmSync(path, { recursive: true });
});

/** Stripes that lie or stand, in noise, of any size. */
function photo(lying: boolean, rng: Rng): Buffer {
  const [height, width] = [18 + rng.integer(12), 18 + rng.integer(12)];
  const pixels = Uint8Array.from({ length: height * width * 3 }, (_, i) => {
    const at = Math.floor(i / 3);
    const along = lying ? Math.floor(at / width) : at % width;
    return (along % 6 < 3 ? 40 : 170) + rng.integer(60);
  });
  return png(pixels, [height, width]);
}

const changes = [
  'network.name=resnet-test',
  'data.size=16',
  'data.validation=0.25',
  'batchSize=8',
  'epochs=6',
  'evaluateEvery=2',
  'saveEvery=5',
  'method.mnet.hidden=8',
  'method.mnet.heads=2',
  'method.mnet.cells=2',
];
const train = (workers: number, out: string): string[] => [
  ...['train', '--recipe', 'photos-resnet18', '--data', 'photos', '--backend', 'cpu', '--out', out],
  ...[...changes, `data.workers=${workers}`].flatMap((change) => ['--set', change]),
];
const checkpoint = (run: string): Buffer => readFileSync(join(folder, run, 'checkpoint.safetensors'));
const best = (run: string): readonly Buffer[] =>
  ['best.safetensors', 'best.json'].map((name) => readFileSync(join(folder, run, name)));
const logged = (run: string): string => {
  const path = join(folder, run, 'metrics.jsonl');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};
/** Every line of the metrics, but for how long a mini-batch took. */
const metrics = (run: string): object[] =>
  logged(run)
    .trim()
    .split('\n')
    .map((line) => ({ ...(JSON.parse(line) as object), seconds: undefined }));

interface Said {
  readonly classes: readonly { readonly name: string; readonly probability: number }[];
}
const photos = [join(folder, 'photos', 'lying'), join(folder, 'photos', 'standing')];
/** What a network says of the photographs: the probability of the first class. */
const said = async (network: string, cwd: string, backend: string, ...more: string[]): Promise<number[]> => {
  const args = ['predict', network, ...photos, '--json', '--backend', backend, ...more];
  const { code, stdout, stderr } = await manet(args, cwd);
  expect(code, stderr).toBe(0);
  const found = JSON.parse(stdout) as Said[];
  return found.map(({ classes }) => classes.find(({ name }) => name === 'lying')!.probability);
};

beforeAll(async () => {
  const rng = Rng.fromSeed(11);
  for (const name of ['lying', 'standing']) {
    mkdirSync(join(folder, 'photos', name), { recursive: true });
    for (let i = 0; i < 24; i++)
      writeFileSync(join(folder, 'photos', name, `${i}.png`), photo(name === 'lying', rng));
  }
  const { code, stdout } = await manet(train(2, 'run'), folder);
  expect(code).toBe(0);
  // There are no test images, and what is measured is called what it is.
  expect(stdout).toMatch(/36 training and 12 validation samples[^]*val top1[^]*validation top1 +\d/);
  expect(stdout).not.toContain('test top1');
});

test('two workers and none write the same checkpoint', async () => {
  expect(await manet(train(0, 'alone'), folder)).toMatchObject({ code: 0 });
  expect(checkpoint('alone').equals(checkpoint('run'))).toBe(true);
  expect(metrics('alone')).toEqual(metrics('run'));
});

test('killed while workers read ahead, it goes on to the same numbers', async () => {
  const started = startManet(train(2, 'killed'), folder);
  // Between two checkpoints: what the workers had ready for later mini-batches is lost.
  while (logged('killed').split('"type":"step"').length - 1 < 12 && started.process.exitCode === null)
    await setTimeout(5);
  started.process.kill('SIGKILL');
  expect((await started.finished).code).toBe(null);
  const resumed = await manet(['train', '--resume', 'killed'], folder);
  expect(resumed.stdout).toMatch(/continuing after mini-batch \d+ of \d+/);
  expect(resumed.code).toBe(0);
  expect(metrics('killed')).toEqual(metrics('run'));
  expect(checkpoint('killed').equals(checkpoint('run'))).toBe(true);
  expect(best('killed')).toEqual(best('run'));
});

test('an exported file alone, elsewhere, says what the run says', async () => {
  const expected = await said('run', folder, 'cpu');
  expect(expected).toHaveLength(48);
  expect(new Set(expected).size).toBeGreaterThan(24);

  const pruned = await manet(['prune', 'run', '--backend', 'cpu'], folder);
  expect(pruned.stdout).toContain('it computes what the run computes');
  const exported = await manet(
    ['export', 'run/pruned.safetensors', '--format', 'onnx', '--out', 'photos.onnx'],
    folder,
  );
  expect(exported.code, exported.stderr).toBe(0);
  for (const file of ['run/pruned.safetensors', 'photos.onnx']) {
    const name = file.split('/').at(-1)!;
    copyFileSync(join(folder, file), join(elsewhere, name));
    const found = await said(name, elsewhere, name.endsWith('.onnx') ? 'auto' : 'cpu');
    rmSync(join(elsewhere, name));
    found.forEach((probability, i) => expect(probability).toBeCloseTo(expected[i]!, 4));
  }
});

test('eval says that there are no test images, and measures the best checkpoint where asked', async () => {
  const { stdout } = await manet(['eval', 'run', '--backend', 'cpu'], folder);
  expect(stdout).toMatch(/^run, 12 validation samples; there are no test images\n +top1 /);
  // Of the best checkpoint it measures what was noted of it.
  const note = JSON.parse(String(best('run')[1])) as { readonly step: number; readonly value: number };
  const chosen = await manet(['eval', 'run', '--best', '--backend', 'cpu'], folder);
  expect(chosen.stdout).toContain(`${(100 * note.value).toFixed(2)} %`);
  const [, all] = new RegExp(`mini-batch +${note.step} of (\\d+)`).exec(chosen.stdout)!;
  // What is pruned and exported of it says what it says.
  const out = ['--best', '--backend', 'cpu', '--out'];
  const expected = await said('run', folder, 'cpu', '--best');
  // It is another state than the last one, unless that is the best.
  const last = await said('run', folder, 'cpu');
  expect(JSON.stringify(expected) === JSON.stringify(last)).toBe(note.step === Number(all));
  for (const [command, name] of [
    ['prune', 'best-pruned.safetensors'],
    ['export', 'best-exported.safetensors'],
  ] as const) {
    expect(await manet([command, 'run', ...out, name], folder)).toMatchObject({ code: 0 });
    const found = await said(name, folder, 'cpu');
    found.forEach((probability, i) => expect(probability).toBeCloseTo(expected[i]!, 4));
  }
  const file = await manet(['eval', 'best-pruned.safetensors', '--best'], folder);
  expect(file).toMatchObject({ code: 1, stderr: expect.stringMatching(/only a run has a best checkpoint/) });
});
