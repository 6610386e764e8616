import { startBackend } from '@ma-net/core';
import { describeOn } from '@ma-net/testing';
import { useSwiftShader } from '@ma-net/testing/node';
import * as tf from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { afterEach, expect, test } from 'vitest';
import { webgpu } from './adapter.ts';

useSwiftShader();

const backend = (): WebGPUBackend => tf.backend() as WebGPUBackend;

describeOn(webgpu, 'a device in trouble', () => {
  // A failed device is replaced by the next start.
  afterEach(async () => {
    await startBackend(webgpu);
    const y = tf.tidy(() => tf.add(tf.tensor1d([1, 2]), 1));
    expect([...(await y.data())]).toEqual([2, 3]);
    y.dispose();
  });

  test('a lost device fails the read and the sync, and says to resume', async () => {
    const running = await startBackend(webgpu);
    const x = tf.tensor1d([1, 2, 3]);
    backend().device.destroy();
    const expected = expect.objectContaining({
      code: 'backend-failed',
      message: expect.stringMatching(/^The GPU was lost \(destroyed: .*\)[^]*resume the run/) as string,
    });
    await expect(tf.tidy(() => tf.mul(x, 2)).data()).rejects.toEqual(expected);
    await expect(running.sync()).rejects.toEqual(expected);
  });

  test('a program that the GPU refuses is not a tensor of zeros', async () => {
    const running = await startBackend(webgpu);
    const broken = {
      outputShape: [3],
      variableNames: ['x'],
      shaderKey: 'broken',
      workgroupSize: [64, 1, 1] as [number, number, number],
      dispatchLayout: { x: [0] },
      dispatch: [1, 1, 1] as [number, number, number],
      getUserCode: () => 'fn main(index : i32) { nonsense }',
    };
    const out = backend().runWebGPUProgram(broken, [tf.tensor1d([1, 2, 3])], 'float32');
    const expected = expect.objectContaining({
      code: 'backend-failed',
      message: expect.stringContaining('The GPU refused a program: Error while parsing WGSL') as string,
    });
    await expect(backend().read(out.dataId)).rejects.toEqual(expected);
    await expect(running.sync()).rejects.toEqual(expected);
  });

  test('a tensor beyond the limits of the device', async () => {
    const running = await startBackend(webgpu);
    const { maxBufferSize } = backend().device.limits;
    tf.tidy(() => tf.fill([2, maxBufferSize / 4], 1));
    await expect(running.sync()).rejects.toMatchObject({ code: 'out-of-memory' });
  });
});
