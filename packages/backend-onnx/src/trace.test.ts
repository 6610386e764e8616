import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeEach, expect, test } from 'vitest';
import { onnx } from './adapter.ts';
import { exportOnnx } from './export.ts';
import { trace } from './trace.ts';

beforeEach(async () => {
  await tf.setBackend('cpu');
});

const names = ({ calls }: Awaited<ReturnType<typeof trace>>): string[] =>
  calls.map(({ signature }) => signature.name);

test.each(['cpu', 'onnx'])(
  'tensors of the %s backend are constants, and stay what they are',
  async (name) => {
    if (name === 'onnx') await onnx.start();
    const w = tf.tidy(() => tf.mul(tf.tensor1d([1, 2]), 3));
    const b = tf.tensor1d([5, 6]);
    const before = tf.memory().numTensors;
    const recorded = await trace(
      ({ x }) => ({ y: tf.add(tf.mul(x!, tf.reshape(w, [1, 2])), b) }),
      { x: { shape: [3, 2] } },
      { w },
    );
    expect(tf.engine().backendName).toBe(name);
    expect(names(recorded)).toEqual(['Multiply', 'Add']);
    const constants = [...recorded.constants].map(([{ values }, { name: given }]) => [given, [...values!]]);
    expect(constants).toEqual([
      ['w', [3, 6]],
      [undefined, [5, 6]],
    ]);
    recorded.release();
    expect(tf.memory().numTensors).toBe(before);
    expect([...(await w.data())]).toEqual([3, 6]);
    tf.dispose([w, b]);
  },
);

test('what reaches no output is left out, and calls on constants can be computed beforehand', async () => {
  const w = tf.tensor1d([1, 4]);
  const recorded = await trace(
    ({ x }) => {
      tf.exp(x!);
      return { y: tf.mul(x!, tf.rsqrt(tf.add(w, 0))) };
    },
    { x: { shape: [2] } },
  );
  expect(names(recorded)).toEqual(['Add', 'Rsqrt', 'Multiply']);
  recorded.fold((call) => call.signature.name !== 'Rsqrt');
  expect(names(recorded)).toEqual(['Rsqrt', 'Multiply']);
  recorded.fold(() => true);
  expect(names(recorded)).toEqual(['Multiply']);
  expect([...recorded.calls[0]!.inputs[1]!.values!]).toEqual([1, 0.5]);
  recorded.release();
  w.dispose();
});

test('an output that follows no input is refused, and the backend is the one before', async () => {
  await expect(trace(() => ({ y: tf.scalar(1) }), {})).rejects.toMatchObject({ code: 'bad-argument' });
  expect(tf.engine().backendName).toBe('cpu');
});

test('an ONNX file can be written whatever backend runs', async () => {
  const w = tf.tensor2d([[1], [2]]);
  const f = ({ x }: Record<string, tf.Tensor>): Record<string, tf.Tensor> => ({
    y: tf.matMul(x as tf.Tensor2D, w),
  });
  const onCpu = await exportOnnx(f, { inputs: { x: { shape: ['batch', 2] } }, parameters: { w } });
  await onnx.start();
  const v = tf.tensor2d([[1], [2]]);
  const same = ({ x }: Record<string, tf.Tensor>): Record<string, tf.Tensor> => ({
    y: tf.matMul(x as tf.Tensor2D, v),
  });
  const onOnnx = await exportOnnx(same, { inputs: { x: { shape: ['batch', 2] } }, parameters: { w: v } });
  expect(Buffer.compare(onCpu, onOnnx)).toBe(0);
});
