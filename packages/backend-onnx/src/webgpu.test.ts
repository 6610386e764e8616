// The engine on ONNX Runtime's WebGPU provider, on a GPU or on a Vulkan driver in software.

import { notHere } from '@ma-net/testing';
import { useSwiftShader } from '@ma-net/testing/node';
import * as tf from '@tensorflow/tfjs-core';
import '@ma-net/core';
import '@tensorflow/tfjs-backend-cpu';
import { describe, expect, test } from 'vitest';
import { createOnnxBackend } from './adapter.ts';
import { probe } from './probe.ts';

useSwiftShader();
const found = await probe('webgpu');

// A GPU in software takes its time on a busy machine.
describe('the engine on WebGPU', { timeout: 600_000 }, () => {
  if (!found.ok) return notHere('WebGPU for ONNX Runtime', found.reason);

  test('a training step keeps its weights on the device and agrees with the formula', async () => {
    const backend = await createOnnxBackend({ provider: 'webgpu' }).start();
    let w: tf.Tensor = tf.tensor2d([
      [1, -2],
      [3, 0.5],
    ]);
    for (let k = 0; k < 3; k++) {
      const next = tf.tidy(() => {
        const grad = tf.grad((v) => tf.sum(tf.square(tf.sub(v, 1))))(w);
        return tf.sub(w, tf.mul(grad, 0.25));
      });
      w.dispose();
      w = next;
      await backend.sync();
    }
    // w - 1 is halved three times.
    const values = [...(await w.data())];
    [1, 0.625, 1.25, 0.9375].forEach((want, k) => expect(values[k]).toBeCloseTo(want, 5));
    expect(backend.counters()).toMatchObject({ runs: 3 });
    w.dispose();
  });

  test('convolution, pooling and their gradients agree with the cpu backend', async () => {
    const results: number[][] = [];
    for (const name of ['cpu', 'onnx']) {
      if (name === 'onnx') await createOnnxBackend({ provider: 'webgpu' }).start();
      else await tf.setBackend('cpu');
      const x = tf.tensor4d(
        Array.from({ length: 2 * 6 * 6 * 3 }, (_, k) => Math.sin(k)),
        [2, 6, 6, 3],
      );
      const f = tf.tensor4d(
        Array.from({ length: 3 * 3 * 3 * 4 }, (_, k) => Math.cos(k)),
        [3, 3, 3, 4],
      );
      const loss = (a: tf.Tensor, b: tf.Tensor): tf.Scalar => {
        const y = tf.relu(tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 2, 'same'));
        return tf.sum(tf.square(tf.maxPool(y as tf.Tensor4D, 2, 1, 'valid')));
      };
      const grads = tf.grads(loss as (...xs: tf.Tensor[]) => tf.Scalar)([x, f]);
      results.push([...(await grads[0]!.data()), ...(await grads[1]!.data())]);
      tf.dispose([x, f, ...grads]);
    }
    results[0]!.forEach((want, k) =>
      expect(Math.abs(results[1]![k]! - want)).toBeLessThan(1e-3 + 1e-4 * Math.abs(want)),
    );
  });
});
