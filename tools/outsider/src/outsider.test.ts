// A layer, a network, a task, a method and a data set that no package of ours knows, in a project that has installed
// our packages and touches none of them: it trains, prunes, compacts, exports and reloads.

import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, inject, test } from 'vitest';

const { project } = inject('stranger');
const here = import.meta.dirname;

interface Outcome {
  readonly rounds: readonly string[];
  readonly right: number;
  readonly parameters: readonly [number, number];
  readonly kept: readonly (readonly [number, number])[];
  readonly compacted: number;
  readonly reloaded: number;
  readonly exported: number;
}

test("a stranger's parts work together, typed, without a line of ours changed", () => {
  cpSync(resolve(here, '../stranger'), join(project, 'stranger'), { recursive: true });
  const manifest = join(project, 'package.json');
  const own = {
    ...JSON.parse(readFileSync(manifest, 'utf8')),
    exports: { './parts': './stranger/dist/parts.js' },
  };
  writeFileSync(manifest, JSON.stringify(own));
  const tsc = resolve(here, '../../../node_modules/.bin/tsc');
  const options =
    '--strict --noUncheckedIndexedAccess --skipLibCheck --module nodenext --target es2023 --lib es2023,dom';
  const more = '--rewriteRelativeImportExtensions --outDir stranger/dist stranger/main.ts';
  expect(run(tsc, ...`${options} ${more}`.split(' '))).toBe('');

  const outcome = JSON.parse(run(process.execPath, 'stranger/dist/main.js')) as Outcome;
  expect(outcome.rounds).toEqual(['whole', 'halved']);
  // Chance is a half; the bars are plain to see.
  expect(outcome.right).toBeGreaterThan(0.9);
  // first [1, 8] stays whole; second [8, 8] and classifier [8, 2] listen to four of their eight inputs.
  expect(outcome.kept).toEqual([
    [8, 8],
    [32, 64],
    [8, 16],
  ]);
  // first 3 x 3 x 1 x 8, eight gains, second 3 x 3 x 8 x 8, classifier 8 x 2 and 2; then with four channels of eight.
  expect(outcome.parameters).toEqual([72 + 8 + 576 + 16 + 2, 36 + 4 + 144 + 8 + 2]);
  expect(outcome.compacted).toBeLessThan(1e-5);
  expect(outcome.reloaded).toBeLessThan(1e-5);
  expect(outcome.exported).toBeLessThan(1e-4);
}, 300_000);

test('the command trains, prunes, measures and exports a recipe of parts that it does not know', () => {
  const manet = (...args: readonly string[]): string =>
    run(process.execPath, 'node_modules/@ma-net/cli/bin/manet.js', ...args, '--backend', 'onnx');
  manet('train', '--recipe', 'stranger/dist/recipe.js', '--set', 'method.from=0.4', '--out', 'bars-run');
  expect(JSON.parse(readFileSync(join(project, 'bars-run/recipe.json'), 'utf8'))).toMatchObject({
    method: { use: 'stranger#halve', from: 0.4 },
  });
  expect(manet('prune', 'bars-run')).toContain('parameters  674 -> ');
  const measures = manet('eval', 'bars-run/pruned.safetensors');
  expect(Number(/right +([\d.]+) %/.exec(measures)?.[1])).toBeGreaterThan(90);
  const exported = [
    'export',
    'bars-run',
    '--format',
    'onnx',
    '--out',
    'bars.onnx',
    '--verify',
    '--no-normalisation',
  ];
  expect(manet(...exported)).toContain('64 of 64');
  // A method of ours on the stranger's network.
  expect(manet('train', '--recipe', 'bars-run', '--method', 'magnitude', '--set', 'epochs=3')).toContain(
    'trained',
  );
}, 300_000);

function run(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: project, encoding: 'utf8' });
  expect(status, `${stdout}${stderr}`).toBe(0);
  return stdout.trim();
}
