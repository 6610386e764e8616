import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeSafetensors } from '@ma-net/core';
import { pytorchModel } from '@ma-net/export/node';
import { parts } from '@ma-net/export/parts';
import { expect, test } from 'vitest';
import { refuseOut } from './out-path.ts';

const folder = mkdtempSync(join(tmpdir(), 'ma-net-out-'));
let made = 0;
const fresh = (name = `file-${++made}`): string => join(folder, name);
const file = (content: string | Uint8Array): string => {
  const path = fresh();
  writeFileSync(path, content);
  return path;
};
const [safetensors, onnx, tfjs] = await Promise.all(parts.map((part) => part.open({})));
const FORMATS = [safetensors!, onnx!, tfjs!];

function expectRefused(path: string, code: string, said: RegExp, force: boolean): void {
  for (const format of FORMATS)
    expect(() => refuseOut(path, format, { force })).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(said) }),
    );
}

test('takes a path where nothing is', () => {
  for (const format of FORMATS) refuseOut(fresh(), format, { force: false });
});

test('takes what was exported before', () => {
  const tensors = { x: { shape: [1], dtype: 'float32', data: Float32Array.of(1) } } as const;
  refuseOut(file(encodeSafetensors(tensors, { 'ma-net.network': '1' })), safetensors!, { force: false });
  refuseOut(file('\x08\x09\x12\x06ma-net\x1a'), onnx!, { force: false });
  refuseOut(file('# Written by MA-Net: the PyTorch model'), pytorchModel, { force: false });
  const model = fresh();
  mkdirSync(model);
  refuseOut(model, tfjs!, { force: false });
  writeFileSync(join(model, 'model.json'), '{"generatedBy":"MA-Net 0.1.0"}');
  refuseOut(model, tfjs!, { force: false });
});

test.each([
  ['text', 'my notes'],
  ['nothing', ''],
  ['weights of others', encodeSafetensors({}, { format: 'pt' })],
  ['a checkpoint', encodeSafetensors({}, { 'ma-net.checkpoint': '1' })],
  ['an ONNX file of others', '\x08\x09\x12\x07pytorch'],
])('refuses a file of others that holds %s, unless forced', (_, content) => {
  const path = file(content);
  for (const format of [safetensors!, onnx!, pytorchModel]) {
    expect(() => refuseOut(path, format, { force: false })).toThrow(
      expect.objectContaining({ code: 'bad-argument', message: expect.stringContaining('--force') }),
    );
    refuseOut(path, format, { force: true });
  }
  expect(readFileSync(path)).toEqual(Buffer.from(content));
});

test.each([
  'recipe.json',
  'run.json',
  'metrics.jsonl',
  'checkpoint.safetensors',
  'Checkpoint.Previous.safetensors',
  'writer-0123456789abcdef.lock',
])('refuses %s of a run, forced or not, there or not', (name) => {
  const run = fresh();
  mkdirSync(run);
  writeFileSync(join(run, 'recipe.json'), '{}');
  expectRefused(join(run, name), 'bad-argument', /of the run itself/, true);
  const elsewhere = fresh();
  mkdirSync(elsewhere);
  refuseOut(join(elsewhere, name), safetensors!, { force: false });
});

test('refuses links, whatever they lead to', () => {
  for (const target of [file('mine'), fresh(), folder]) {
    const link = fresh();
    symlinkSync(target, link);
    expectRefused(link, 'bad-argument', /link/, true);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  }
  // A link on the way is somebody's way.
  const way = fresh();
  symlinkSync(folder, way);
  refuseOut(join(way, 'net.onnx'), onnx!, { force: false });
});

test.skipIf(process.platform === 'win32')('refuses what is no file, and does not wait for it', () => {
  const pipe = fresh();
  execFileSync('mkfifo', [pipe]);
  expectRefused(pipe, 'bad-argument', /device, a pipe/, true);
});

test('refuses folders of other things, and files where a folder is to be', () => {
  const mine = fresh();
  mkdirSync(mine);
  writeFileSync(join(mine, 'photo.jpg'), '');
  expectRefused(mine, 'bad-argument', /folder/, true);
  expect(readdirSync(mine)).toEqual(['photo.jpg']);
  expect(() => refuseOut(file('x'), tfjs!, { force: true })).toThrow(
    /is a file; a network of this format is a folder/,
  );
});

test('refuses what lies below a file, and in no folder', () => {
  expectRefused(join(file('x'), 'net'), 'bad-argument', /below a file/, true);
  expectRefused(join(fresh(), 'net'), 'not-found', /does not exist/, true);
});
