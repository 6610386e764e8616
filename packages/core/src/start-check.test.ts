import * as tf from '@tensorflow/tfjs-core';
import { expect, test, vi } from 'vitest';
import '../test/cpu.ts';
import { checkStart } from './start-check.ts';

test('passes where numbers are right, and leaves nothing behind', async () => {
  const before = tf.memory().numTensors;
  await checkStart('cpu');
  expect(tf.memory().numTensors).toBe(before);
});

test('a device that returns zeros, or fails, is refused with what it did', async () => {
  const read = vi.spyOn(tf.backend(), 'read');
  read.mockImplementation(async () => new Float32Array(2));
  await expect(checkStart('webgpu')).rejects.toMatchObject({
    code: 'backend-unavailable',
    message: expect.stringContaining('17, 39, 30 came out as 0, 0, 0, 0') as string,
  });
  read.mockImplementation(() => Promise.reject(new Error('no kernel image is available\nat somewhere')));
  await expect(checkStart('cuda')).rejects.toMatchObject({
    code: 'backend-unavailable',
    message: expect.stringContaining('cuda started, but its first product failed: no kernel image') as string,
  });
  read.mockRestore();
});
