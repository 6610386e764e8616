import { existsSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { manet, newFolder } from '../test/manet.ts';
import { withRunWeights } from './run-weights.ts';

const folder = newFolder();
const short = [
  '--recipe',
  'digits',
  '--backend',
  'cpu',
  '--set',
  'data.trainLimit=128',
  '--set',
  'batchSize=32',
];
const train = (...args: string[]) => manet(['train', ...short, ...args], folder);

beforeAll(async () => {
  const { code, stderr } = await train('--method', 'plain', '--set', 'epochs=1', '--out', 'first');
  expect([code, stderr]).toEqual([0, '']);
}, 60_000);

test('a run begins with what another left', async () => {
  const weights = `network.weights=${join(folder, 'first')}`;
  const { code, stdout, stderr } = await train(
    '--method',
    'plain',
    '--set',
    weights,
    '--set',
    'epochs=1',
    '--out',
    'second',
  );
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/Wrote .*first.network\.safetensors/);
  expect(stdout).toMatch(/starts from .*network\.safetensors/);
  // What is taken is a file that stays.
  const { network } = JSON.parse(readFileSync(join(folder, 'second', 'recipe.json'), 'utf8')) as {
    readonly network: { readonly weights: string };
  };
  expect(network.weights).toBe(join(folder, 'first', 'network.safetensors'));
}, 60_000);

test('the file is written again where the run has gone on, and nothing else is looked at', async () => {
  const file = join(folder, 'first', 'network.safetensors');
  expect(existsSync(file)).toBe(true);
  const lines: string[] = [];
  const screen = { line: (words?: string) => void lines.push(words ?? '') } as never;
  const of = (network: Record<string, unknown>) => ({ network }) as never;
  const named = of({ use: 'x', weights: join(folder, 'first') });
  const args = { backend: 'cpu' };
  const taken = await withRunWeights(named, args, screen);
  expect(taken.network['weights']).toBe(file);
  expect(lines).toEqual([]);
  utimesSync(file, 1, 1);
  await withRunWeights(named, args, screen);
  expect(lines).toEqual([expect.stringContaining(`Wrote ${file}`)]);
  for (const network of [{ use: 'x' }, { use: 'x', weights: 'hub' }, { use: 'x', weights: file }])
    expect(await withRunWeights(of(network), args, screen)).toEqual({ network });
});
