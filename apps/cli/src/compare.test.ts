// The command as a person runs it, and kills it.

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { loadNetwork } from '@ma-net/export/node';
import type { Recipe } from '@ma-net/run';
import type { RunResult } from '@ma-net/run/node';
import { expect, test } from 'vitest';
import { manet, newFolder, startManet, TINY } from '../test/manet.ts';
import { installed } from './installed.ts';

test('compares, and goes on after it was killed without training twice', { timeout: 120_000 }, async () => {
  const folder = newFolder();
  const args = ['compare', ...TINY, '--seeds', '0', '--methods', 'plain,slim', '--remove', '40%'];
  const killed = startManet(args, folder);
  await killed.printed('slim-s0');
  await killed.printed('uniformly slim');
  killed.process.kill('SIGKILL');
  await killed.finished;
  const out = join(folder, 'runs', 'compare-digits');
  const trained = statSync(join(out, 'plain-s0', 'checkpoint.safetensors')).mtimeMs;

  const { code, stdout, stderr } = await manet(args, folder);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).not.toContain('plain-s0:');
  expect(statSync(join(out, 'plain-s0', 'checkpoint.safetensors')).mtimeMs).toBe(trained);
  const rows = stdout.split('\n').filter((line) => /^ +(plain|slim) /.test(line));
  expect(rows).toHaveLength(2);
  const parameters = (name: string): number =>
    (JSON.parse(readFileSync(join(out, `${name}-s0.json`), 'utf8')) as { parameters: number }).parameters;
  expect(parameters('slim')).toBeLessThanOrEqual(0.6 * parameters('plain'));

  // All is there: the same command tells it again.
  const again = await manet(args, folder);
  expect(again.stdout).not.toContain('epoch');
  expect(again.stdout.split('\n').filter((line) => rows.includes(line))).toEqual(rows);

  const other = await manet([...args, '--set', 'epochs=2'], folder);
  expect(other.code).toBe(1);
  expect(other.stderr).toContain('started otherwise');
});

test('trains what a search finds as the first recipe says, killed or not', { timeout: 240_000 }, async () => {
  const changes = ['epochs=1', 'data.trainLimit=48', 'data.testLimit=16', 'batchSize=16', 'evaluateEvery=1'];
  const args = [
    ...['compare', '--recipe', 'methods-plain,methods-darts', '--seeds', '3', '--backend', 'cpu'],
    ...[...changes, 'optimizer.learningRate=0.05'].flatMap((change) => ['--set', change]),
  ];
  const results = (folder: string) => {
    const out = join(folder, 'runs', 'compare-methods-plain-methods-darts');
    const read = (path: string) => JSON.parse(readFileSync(join(out, path), 'utf8')) as object;
    const { milliseconds: _, seconds, ...result } = read('methods-darts-s3.json') as RunResult;
    return { out, read, result, seconds };
  };
  const folder = newFolder();
  const killed = startManet(args, folder);
  await killed.printed('methods-darts-s3-found');
  killed.process.kill('SIGKILL');
  await killed.finished;
  const { code, stdout, stderr } = await manet(args, folder);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).not.toContain('methods-darts-s3:');
  const { out, read, result } = results(folder);

  const plain = read('methods-plain-s3/recipe.json') as Recipe;
  const { name, about: _, network, ...found } = read('methods-darts-s3-found/recipe.json') as Recipe;
  expect(name).toBe('methods-darts-found');
  expect(plain).toMatchObject(found);
  expect(network).toMatchObject({ use: '@ma-net/search#nas-bench-201-network', channels: 8, cells: 1 });
  const { params } = await loadNetwork(join(out, 'methods-darts-s3.safetensors'), {
    installed: installed(),
  });
  const parameters = Object.values(params).reduce((sum, { size }) => sum + size, 0);
  expect(result).toMatchObject({ method: 'methods-darts', seed: 3, parameters });

  const whole = newFolder();
  expect((await manet(args, whole)).code).toBe(0);
  expect(results(whole).result).toEqual(result);
});

test.each([
  [['--remove', '50%', '--latency', '3ms'], 'cannot be used with'],
  [['--seeds', '4..0'], 'range such as 0..4'],
  [['--latency', '0'], 'above 0'],
])('refuses %j', async (wrong, words) => {
  const { code, stderr } = await manet(['compare', '--recipe', 'digits', ...wrong], newFolder());
  expect(code).toBe(2);
  expect(stderr).toContain(words);
});
