import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { expect, test } from 'vitest';
import { exportOnnx } from './export.ts';
import { openOnnx, runOnnx } from './run-model.ts';

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

test('bytes are opened once and run often', async () => {
  await tf.setBackend('cpu');
  const bytes = await exportOnnx(({ x }) => ({ y: tf.neg(x!) }), { inputs: { x: { shape: [2] } } });
  const model = await openOnnx(bytes);
  for (const value of [1, -3]) {
    const { y } = await model.run({ x: { data: Float32Array.of(value, 0), shape: [2] } });
    expect(y!.data[0]).toBe(-value);
  }
  await model.release();
  await expect(openOnnx(bytes.subarray(0, 20), 'half.onnx')).rejects.toMatchObject({
    code: 'bad-file',
    message: expect.stringContaining('half.onnx') as string,
  });
});
