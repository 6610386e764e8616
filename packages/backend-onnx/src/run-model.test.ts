import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { expect, test } from 'vitest';
import { exportOnnx } from './export.ts';
import { runOnnx } from './run-model.ts';

const folder = mkdtempSync(join(tmpdir(), 'ma-net-run-model-'));

test('a file is run, with shapes as they come out', async () => {
  await tf.setBackend('cpu');
  const double = ({ x }: Record<string, tf.Tensor>): Record<string, tf.Tensor> => ({ y: tf.add(x!, x!) });
  const path = join(folder, 'double.onnx');
  writeFileSync(path, await exportOnnx(double, { inputs: { x: { shape: ['batch', 2] } } }));
  const { y } = await runOnnx(path, { x: { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] } });
  expect([...y!.data]).toEqual([2, 4, 6, 8]);
  expect(y!.shape).toEqual([2, 2]);
  const other = { z: { data: Float32Array.of(1), shape: [1] } };
  await expect(runOnnx(path, other)).rejects.toMatchObject({ code: 'bad-file' });
});

test('what is no model is refused with its path', async () => {
  const path = join(folder, 'none.onnx');
  writeFileSync(path, 'none');
  await expect(runOnnx(path, {})).rejects.toMatchObject({
    code: 'bad-file',
    message: expect.stringContaining(path) as string,
  });
});
