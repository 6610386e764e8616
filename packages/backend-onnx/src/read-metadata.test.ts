import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { expect, test } from 'vitest';
import { exportOnnx } from './export.ts';
import { onnxMetadata } from './read-metadata.ts';

const folder = mkdtempSync(join(tmpdir(), 'ma-net-metadata-'));

test('metadata come back as they were written, under any name', async () => {
  await tf.setBackend('cpu');
  const metadata = { classes: '["a"]', __proto: '1', empty: '' };
  const model = await exportOnnx(({ x }) => ({ y: tf.neg(x!) }), { inputs: { x: { shape: [2] } }, metadata });
  const path = join(folder, 'told.onnx');
  writeFileSync(path, model);
  expect(Object.fromEntries(await onnxMetadata(path))).toEqual(metadata);
  expect(Object.fromEntries(await onnxMetadata(model))).toEqual(metadata);
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['text', Buffer.from('no model at all')],
])('%s is refused', async (name, bytes) => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  await expect(onnxMetadata(path)).rejects.toMatchObject({ code: 'bad-file' });
});

test('a file that is not there is told', async () => {
  await expect(onnxMetadata(join(folder, 'none'))).rejects.toMatchObject({ code: 'not-found' });
});
