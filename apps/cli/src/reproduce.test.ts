// The command as a person runs it, on a table that takes a second.

import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reproductions } from '@ma-net/recipes';
import { expect, test } from 'vitest';
import { manet, newFolder } from '../test/manet.ts';

const tiny = (test: number): string =>
  JSON.stringify({
    name: 'tiny',
    about: 'two rates, one seed',
    recipe: 'digits',
    changes: [
      'network.name="resnet-test"',
      'data.trainLimit=32',
      'data.validation=0',
      'data.testLimit=20',
      'batchSize=16',
      'epochs=1',
      'method=plain',
    ],
    seeds: [0],
    axes: [{ path: 'optimizer.learningRate', values: ['0.01', '0.02'] }],
    expected: {
      'optimizer.learningRate=0.01': { test: 0.5, within: 0.5 },
      'optimizer.learningRate=0.02': { test, within: 0.5 },
    },
  });

test('a table is made once, and told beside what was published', { timeout: 120_000 }, async () => {
  const folder = newFolder();
  writeFileSync(join(folder, 'tiny.json'), tiny(0.5));
  const first = await manet(['reproduce', 'tiny.json', '--backend', 'cpu'], folder);
  expect(first.code, first.stderr).toBe(0);
  const rows = first.stdout.split('\n').filter((line) => line.includes('optimizer.learningRate='));
  expect(rows.length).toBe(2);
  for (const row of rows) expect(row).toMatch(/ 1 +\d+\.\d\d +50\.00 \+- 50\.00 .* found again$/);
  const run = join(folder, 'runs/reproduce-tiny/learningRate=0.01-s0');
  expect(existsSync(`${run}.json`)).toBe(true);

  // Now another number is asked for, which none of them has; nothing is trained again.
  const trained = statSync(join(run, 'checkpoint.safetensors')).mtimeMs;
  writeFileSync(join(folder, 'tiny.json'), tiny(2));
  const second = await manet(['reproduce', 'tiny.json', '--backend', 'cpu'], folder);
  expect(second.code).toBe(1);
  expect(second.stdout).toMatch(/learningRate=0\.01 .* found again\n/);
  expect(second.stdout).toMatch(/learningRate=0\.02 .* not found\n/);
  expect(statSync(join(run, 'checkpoint.safetensors')).mtimeMs).toBe(trained);
});

test('tables are listed, printed, and refused', { timeout: 120_000 }, async () => {
  const folder = newFolder();
  const listed = await manet(['reproduce', '--list'], folder);
  for (const [name, { about }] of Object.entries(reproductions))
    expect(listed.stdout.replace(/\s+/g, ' ')).toContain(`${name} ${about}`);
  const printed = await manet(['reproduce', 'digits', '--print'], folder);
  expect(JSON.parse(printed.stdout)).toEqual(reproductions['digits']);
  const refused = await manet(['reproduce', 'digit'], folder);
  expect(refused.stderr).toContain('error [unknown-name]: There is no table called "digit".');
  const missing = await manet(['reproduce', 'none.json'], folder);
  expect(missing.stderr).toContain('error [not-found]');
});
