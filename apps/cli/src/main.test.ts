// The command as people run it: built, in a process of its own.

import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { manet, newFolder, TINY, TINY_PLAIN } from '../test/manet.ts';

// Each starts a process or several, and machines may be busy.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const folder = newFolder();
const run = join(folder, 'run');

beforeAll(async () => {
  const { code, stdout, stderr } = await manet(['train', ...TINY, '--out', 'run'], folder);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).toMatch(/run is trained/);
});

const readJson = (...path: string[]): Record<string, unknown> =>
  JSON.parse(readFileSync(join(...path), 'utf8')) as Record<string, unknown>;

describe('manet train', () => {
  test('leaves a directory that says how to repeat the run', () => {
    expect(readJson(run, 'recipe.json')).toMatchObject({
      format: 2,
      name: 'digits',
      method: { use: '@ma-net/method-ma-net#ma-net' },
      batchSize: 16,
      network: { use: '@ma-net/tnet#zoo', name: 'resnet-test' },
    });
    expect(readJson(run, 'run.json')).toMatchObject({
      versions: { node: process.version, tfjs: '4.22.0' },
      backend: 'cpu',
      seed: 0,
      network: { name: 'resnet-test' },
      data: {
        train: { samples: 128, fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) },
        test: { samples: 60 },
      },
    });
  });

  test('prints whole lines when nobody looks, one per evaluation', async () => {
    const args = [...TINY_PLAIN, '--set', 'epochs=2', '--seed', '4'];
    const { stdout } = await manet(['train', ...args], folder);
    expect(stdout).not.toContain('\x1b');
    expect(stdout.split('\n').filter((line) => /^ +[12]\/2 /.test(line))).toHaveLength(2);
    // Without --out the directory is named after what is trained, and numbered when it is taken.
    expect(existsSync(join(folder, 'runs/digits-plain-s4/checkpoint.safetensors'))).toBe(true);
    const again = await manet(['train', ...args], folder);
    expect(again.stdout).toContain('runs/digits-plain-s4-2 is trained');
  });

  test('--print shows the recipe, which --recipe takes as a file', async () => {
    const recipe = TINY.filter((word) => word !== '--backend' && word !== 'cpu');
    const printed = await manet(['train', ...recipe, '--print'], folder);
    expect(JSON.parse(printed.stdout)).toEqual(readJson(run, 'recipe.json'));
    cpSync(join(run, 'recipe.json'), join(folder, 'mine.json'));
    const again = await manet(['train', '--recipe', 'mine.json', '--print'], folder);
    expect(again.stdout).toBe(printed.stdout);
  });

  test('says what it took from a file of weights, which nobody needs afterwards', async () => {
    const weights = join(folder, 'weights.safetensors');
    await manet(['export', 'run', '--dense', '--no-model', '--out', weights, '--backend', 'cpu'], folder);
    const args = [
      ...TINY_PLAIN,
      '--set',
      'epochs=1',
      '--set',
      `network.weights=${weights}`,
      '--out',
      'tuned',
    ];
    const { code, stdout } = await manet(['train', ...args], folder);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /starts from .*weights\.safetensors: [\d ]+ numbers with \w+'s names, as a digest says/,
    );
    rmSync(weights);
    expect(await manet(['eval', 'tuned', '--backend', 'cpu'], folder)).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('manet eval', () => {
  test('measures a run as the training did', async () => {
    const { code, stdout } = await manet(['eval', 'run', '--backend', 'cpu'], folder);
    expect(code).toBe(0);
    interface Line {
      readonly type: string;
      readonly measures?: { readonly top1: number; readonly loss: number };
    }
    const lines = readFileSync(join(run, 'metrics.jsonl'), 'utf8').trim().split('\n');
    const last = lines.map((line) => JSON.parse(line) as Line).findLast((l) => l.type === 'evaluation');
    const { top1, loss } = last!.measures!;
    expect(stdout).toMatch(new RegExp(`top1 +${(100 * top1).toFixed(2)} %`));
    expect(stdout).toMatch(new RegExp(`loss +${loss.toFixed(4)}`));
  });
});

describe('manet prune and manet export', () => {
  test('--dry-run prints the plan and writes nothing', async () => {
    const copy = join(folder, 'dry');
    cpSync(run, copy, { recursive: true });
    const { code, stdout } = await manet(['prune', 'dry', '--dry-run', '--backend', 'cpu'], folder);
    expect(code).toBe(0);
    expect(stdout).toMatch(/layer2\.0\.conv2\.weight +\d+ +64/);
    expect(stdout).toMatch(/Nothing was written/);
    expect(existsSync(join(copy, 'pruned.safetensors'))).toBe(false);
  });

  test('--group shows one coupling group with its members, whole or not, and writes nothing', async () => {
    const copy = join(folder, 'group');
    cpSync(run, copy, { recursive: true });
    const { code, stdout } = await manet(['prune', 'group', '--group', 'fc', '--backend', 'cpu'], folder);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^fc: all 10 units stay: they are read by the output "logits"\n  made by  fc\.weight +axis 1 of/,
    );
    expect(existsSync(join(copy, 'pruned.safetensors'))).toBe(false);
    const unknown = await manet(['prune', 'group', '--group', 'fcc', '--backend', 'cpu'], folder);
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('no coupling group "fcc"')]);
  });

  test.each([
    ['prune', ['prune', 'run'], 'run/pruned.safetensors'],
    ['prune --dense', ['prune', 'run', '--dense', '--out', 'dense.safetensors'], 'dense.safetensors'],
    ['export', ['export', 'run', '--format', 'safetensors'], 'run/network.safetensors'],
    [
      'export of a file',
      ['export', 'run/pruned.safetensors', '--out', 'again.safetensors'],
      'again.safetensors',
    ],
  ])('%s writes a network that measures like the run', async (_, args, file) => {
    const { code, stderr } = await manet([...args, '--backend', 'cpu'], folder);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const [ofRun, ofFile] = await Promise.all(
      ['run', file].map((path) => manet(['eval', path, '--backend', 'cpu'], folder)),
    );
    const measured = (text: string) => /top1.*\n.*top5.*\n.*loss.*/.exec(text)?.[0];
    expect(measured(ofFile!.stdout)).toBeDefined();
    expect(measured(ofFile!.stdout)).toBe(measured(ofRun!.stdout));
    // Parameters are counted alike: those alive, of all that were trained.
    const alive = (text: string) => /^ {2}parameters +(\S.*\S)$/m.exec(text)?.[1];
    expect(alive(ofRun!.stdout)).toMatch(/^[\d ]+ \(-[\d.]+ %\)$/);
    expect(alive(ofFile!.stdout)).toBe(alive(ofRun!.stdout));
  });

  test.each([
    ['onnx', []],
    ['onnx', ['--no-normalisation']],
    ['tfjs', []],
    ['tfjs', ['--no-normalisation', '--dense', '--backend', 'cpu']],
    ['safetensors', ['--dense']],
  ])('export --format %s --verify %j', async (format, flags) => {
    const args = ['export', 'run', '--format', format, '--verify', ...flags, '--out', `verified.${format}`];
    const { code, stdout, stderr } = await manet(args, folder);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/Verified: 60 of 60 test images/);
  });

  test('another threshold gives another plan, and statistics that belong to it', async () => {
    const args = [
      'prune',
      'run',
      '--remove-modulated',
      '80%',
      '--out',
      'less.safetensors',
      '--backend',
      'cpu',
    ];
    const { code, stdout } = await manet(args, folder);
    expect(code).toBe(0);
    expect(stdout).toContain('at most 80 % of the modulated parameters go');
    expect(stdout).toContain('running statistics estimated again');
    // As it has never been measured, it is before it is written.
    expect(stdout).toMatch(/test top1 +[\d.]+ % -> [\d.]+ %\n[^]*Wrote less\.safetensors/);
  });

  test('a plan is measured in a dry run too, and one that costs most of the accuracy says so', async () => {
    const args = ['prune', 'run', '--remove-modulated', '99.9%', '--dense', '--dry-run', '--backend', 'cpu'];
    const { code, stdout } = await manet(args, folder);
    expect(code).toBe(0);
    const [, before, after] = /test top1 +([\d.]+) % -> ([\d.]+) %/.exec(stdout) ?? [];
    expect(stdout.includes('This costs most of what was learned')).toBe(Number(after) < Number(before) / 2);
    expect(existsSync(join(run, 'pruned.safetensors'))).toBe(true);
  });

  test('at 60 columns nothing is broken in the middle of a word', async () => {
    vi.stubEnv('COLUMNS', '60');
    const wide = (text: string): string[] => text.split('\n').filter((line) => line.length > 60);
    const planned = await manet(['prune', 'run', '--dry-run', '--backend', 'cpu'], folder);
    const listed = await manet(['networks'], folder);
    const examined = await manet(['doctor'], folder);
    const timed = await manet(
      ['bench', '--network', 'resnet-test', '--batch', '4', '--steps', '2', '--backend', 'cpu'],
      folder,
    );
    vi.unstubAllEnvs();
    for (const { code, stdout } of [planned, listed, examined, timed]) {
      expect(code).toBe(0);
      // A single word may be longer than the screen is wide.
      expect(wide(stdout).filter((line) => line.trim().includes(' '))).toEqual([]);
    }
    // Rows of the plan stay rows.
    expect(planned.stdout).toMatch(/^ {2}layer2\.0\.downsample\.0\.weight +\d+ +\d+ +[\d.]+ %$/m);
    expect(timed.stdout).toMatch(/^ {4}astrocytes +[\d.]+ ms$/m);
  });
});

test('manet recipes lists them, and prints one', async () => {
  const { stdout } = await manet(['recipes'], folder);
  expect(stdout).toMatch(/^digits +\S.*\n/);
  const { stdout: one } = await manet(['recipes', 'digits'], folder);
  expect(JSON.parse(one)).toMatchObject({ name: 'digits', seed: 0 });
});

test('manet doctor names every backend, and what auto takes', async () => {
  const { code, stdout } = await manet(['doctor'], folder);
  expect(code).toBe(0);
  expect(stdout).toContain(`Node ${process.version}`);
  expect(stdout).toMatch(/^ {2}cpu +ok {2}plain JavaScript/m);
  expect(stdout).toMatch(/^--backend auto takes \w+/m);
});

test('manet bench times the three kinds of step', async () => {
  const args = ['bench', '--network', 'resnet-test', '--batch', '4', '--steps', '2', '--backend', 'cpu'];
  const { code, stdout } = await manet(args, folder);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ {2}cpu +[\d.]+ ms +[\d.]+ ms +[\d.]+ ms +[\d.]+ x/m);
});
