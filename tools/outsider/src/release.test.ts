// What would be published: whole, without what is ours alone, typed, and enough to train with. `npm run release:dry`
// runs this.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { describe, expect, inject, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 300_000 });

const { tarballs, project } = inject('stranger');
const installed = join(project, 'node_modules/@ma-net');
const ids = readdirSync(installed);

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

const manifestOf = (id: string): Manifest =>
  JSON.parse(readFileSync(join(installed, id, 'package.json'), 'utf8')) as Manifest;

const filesOf = (id: string): string[] =>
  readdirSync(join(installed, id), { recursive: true, encoding: 'utf8' });

/** What can be imported from a package, by its name. */
const entriesOf = (id: string): string[] => {
  const { name, exports } = manifestOf(id);
  return Object.entries(exports).flatMap(([path, target]) =>
    typeof target === 'object' ? [name + path.slice(1)] : [],
  );
};

test('everything is there, under one version', () => {
  expect(ids).toContain('core');
  expect(ids).toContain('cli');
  expect(ids).toHaveLength(readdirSync(tarballs).length);
  expect([...new Set(ids.map((id) => manifestOf(id).version))]).toHaveLength(1);
});

describe.each(ids)('%s', (id) => {
  test('is what publint wants, as it is packed', async () => {
    const { version } = manifestOf(id);
    const bytes = readFileSync(join(tarballs, `ma-net-${id}-${version}.tgz`));
    const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  test('has types that agree with what is loaded, as arethetypeswrong sees it', async (): Promise<void> => {
    const bytes = readFileSync(join(tarballs, `ma-net-${id}-${manifestOf(id).version}.tgz`));
    const analysis = await checkPackage(createPackageFromTarballData(bytes));
    const entries = entriesOf(id).map((name) => name.replace(`@ma-net/${id}`, '.'));
    // A command has no entry that could be imported, and needs no types.
    if (analysis.types === false) return expect(entries).toEqual([]);
    const [old, required] = ['node10', 'node16-cjs'];
    // These are modules: what neither reads `exports` nor loads modules finds nothing, as it should.
    const problems = analysis.problems.filter(
      (problem) =>
        !('resolutionKind' in problem && [old, required].includes(problem.resolutionKind)) &&
        !('entrypoint' in problem && !entries.includes(problem.entrypoint)),
    );
    expect(problems).toEqual([]);
  });

  test('brings its licence, and neither tests nor the notes of the compiler', () => {
    const files = filesOf(id);
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']));
    expect(files.filter((file) => /\.test\.|\.tsbuildinfo$|(^|\/)testing\//.test(file))).toEqual([]);
  });

  test('has the sources that its maps speak of', () => {
    const maps = filesOf(id).filter((file) => file.endsWith('.map'));
    expect(maps.length).toBeGreaterThan(0);
    const lost = maps.flatMap((map) => {
      const at = join(installed, id, map);
      const { sources } = JSON.parse(readFileSync(at, 'utf8')) as { sources: string[] };
      return sources.filter((source) => !existsSync(resolve(dirname(at), source))).map((s) => `${map}: ${s}`);
    });
    expect(lost).toEqual([]);
  });
});

test('every entry can be imported', () => {
  const entries = ids.flatMap(entriesOf);
  expect(entries).toContain('@ma-net/core');
  const imports = entries.map((entry) => `await import(${JSON.stringify(entry)});`).join('\n');
  const { status, stderr } = node(['--input-type=module', '--eval', imports]);
  expect(status, stderr).toBe(0);
});

test('types need no skipLibCheck for anything of ours', () => {
  const entries = ids.flatMap(entriesOf);
  const lines = entries.map((entry, i) => `import * as p${i} from '${entry}'; export const e${i} = p${i};`);
  writeFileSync(join(project, 'everything.ts'), lines.join('\n'));
  const tsc = resolve(import.meta.dirname, '../../../node_modules/.bin/tsc');
  const options = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--lib',
    'es2023,dom',
  ];
  const { stdout } = node([tsc, ...options, '--skipLibCheck', 'false', 'everything.ts']);
  const files = stdout.split('\n').flatMap((line) => /^(\S+)\(\d/.exec(line)?.[1] ?? []);
  // What is left is TensorFlow.js's, and why the guide asks for skipLibCheck: it wants types of WebGPU that TypeScript
  // has itself by now, and a global Long.
  const known = /@tensorflow\/tfjs-core\/|@webgpu\/types\/|\/lib\.dom\.d\.ts$/;
  expect(files.filter((file) => !known.test(file))).toEqual([]);
  expect(files.some((file) => known.test(file))).toBe(true);
  expect(node([tsc, ...options, '--skipLibCheck', 'everything.ts']).stdout).toBe('');
});

test('the installed command trains, prunes, exports and measures', () => {
  const changes = [
    'epochs=2',
    'data.trainLimit=64',
    'data.testLimit=32',
    'batchSize=16',
    'method.mnet.hidden=8',
  ];
  const set = changes.flatMap((change) => ['--set', change]);
  manet(
    'train',
    '--recipe',
    'digits',
    '--backend',
    'cpu',
    ...set,
    '--set',
    'network.name=resnet-test',
    '--out',
    'run',
  );
  expect(manet('export', 'run', '--backend', 'cpu', '--out', 'net.safetensors')).toContain(
    'Wrote net.safetensors',
  );
  expect(manet('eval', 'net.safetensors', '--backend', 'cpu')).toMatch(/top1 +\d/);
});

test('the recipe of "manet init" is typed by what is installed, and read from there', () => {
  expect(manet('init')).toContain('recipe.ts');
  const tsc = resolve(import.meta.dirname, '../../../node_modules/.bin/tsc');
  const options = '--noEmit --strict --skipLibCheck --module nodenext --target es2023 --lib es2023,dom';
  expect(node([tsc, ...options.split(' '), 'recipe.ts']).stdout).toBe('');
  const printed = JSON.parse(manet('train', '--recipe', 'recipe.ts', '--print')) as { readonly name: string };
  expect(printed.name).toBe('mine');
});

test('a plain install has a fast engine, whether or not scripts of packages found what they download', () => {
  const engine = manet('doctor')
    .split('\n')
    .findIndex((line) => /^ +onnx +ok/.test(line));
  expect(engine).toBeGreaterThan(0);
  const [device, hint] = manet('doctor').split('\n').slice(engine);
  if (existsSync(join(project, 'node_modules/onnxruntime-node'))) {
    expect(device).toMatch(/ok +ONNX Runtime \S+, cpu$/);
    return;
  }
  expect(device).toMatch(/ok +ONNX Runtime \S+, WebAssembly$/);
  expect(hint).toContain('npm install onnxruntime-node@1.30.0 --ignore-scripts --save-optional');
  // The default engine does what it is for, in a process that ends.
  expect(manet('eval', 'net.safetensors', '--backend', 'onnx')).toMatch(/top1 +\d/);
});

/** Runs the command that npm linked. */
function manet(...args: readonly string[]): string {
  return execFileSync(join(project, 'node_modules/.bin/manet'), args, { cwd: project, encoding: 'utf8' });
}

function node(args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' });
}
