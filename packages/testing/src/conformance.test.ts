import type { BackendAdapter } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test, vi } from 'vitest';
import { agrees, cases, conformance, describeOn, gradientAgrees } from './conformance.ts';
import { REFERENCE } from './reference.ts';

/** The reference under another name, with one kernel changed. */
function broken(
  kernelName: string,
  change: (call: Parameters<tf.KernelFunc>[0], stock: tf.KernelFunc) => unknown,
): BackendAdapter {
  const name = `broken-${kernelName}`;
  tf.registerBackend(name, () => tf.engine().registryFactory[REFERENCE]!.factory() as tf.KernelBackend);
  tf.copyRegisteredKernels(REFERENCE, name);
  const stock = tf.getKernel(kernelName, name);
  tf.unregisterKernel(kernelName, name);
  tf.registerKernel({
    ...stock,
    kernelFunc: (call) => change(call, stock.kernelFunc) as tf.TensorInfo,
  });
  return {
    name,
    priority: 0,
    tolerance: { rtol: 1e-6, atol: 1e-6 },
    probe: async () => ({ ok: true, device: 'broken' }),
    start: async () => {
      await tf.setBackend(name);
      return { name, device: 'broken', sync: async () => undefined, facts: () => ({}), counters: () => ({}) };
    },
  };
}

const named = (start: string) => cases.find(({ name }) => name.startsWith(start))!;

describe('a case fails', () => {
  test('when a kernel computes slightly wrong numbers', async () => {
    const adapter = broken('Relu', ({ inputs, backend, attrs }, stock) => {
      const y = stock({ inputs, backend, ...(attrs === undefined ? {} : { attrs }) }) as tf.TensorInfo;
      const data = (backend as { data: { get(id: object): { values: Float32Array } } }).data;
      const { values } = data.get(y.dataId);
      values.forEach((v, i) => {
        values[i] = v * 1.00001;
      });
      return y;
    });
    await adapter.start();
    await expect(agrees(adapter, named('relu >'))).rejects.toThrow('numbers differ');
    await agrees(adapter, named('abs >'));
  });

  test('when only a gradient kernel is wrong', async () => {
    const adapter = broken('Step', ({ inputs, backend }, stock) =>
      stock({ inputs, backend, attrs: { alpha: 0.001 } }),
    );
    await adapter.start();
    await agrees(adapter, named('relu >'));
    await expect(gradientAgrees(adapter, named('relu >'))).rejects.toThrow('gradient to x');
  });
});

test('case names are unique', () => {
  const names = cases.map(({ name }) => name);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

describeOn(
  broken('Neg', (call, stock) => stock(call as never)),
  'tests on a backend',
  () => {
    test('have time for a GPU in software on a busy machine', ({ task }) => {
      expect(task.timeout).toBeGreaterThanOrEqual(600_000);
    });
  },
);

// Prints one skipped test with the reason, and runs nothing. (With CI set it would fail: not-here.test.ts.)
vi.stubEnv('CI', '');
conformance({
  name: 'a backend of no machine',
  priority: 0,
  tolerance: { rtol: 0, atol: 0 },
  probe: async () => ({ ok: false, reason: 'this is how a skip looks' }),
  start: () => Promise.reject(new Error('must not be started')),
});
