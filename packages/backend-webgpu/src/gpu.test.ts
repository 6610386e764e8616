import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, test } from 'vitest';
import { webgpu } from './adapter.ts';
import { withNavigator } from './gpu.ts';

const host = globalThis as { navigator?: { gpu?: unknown } };
const original = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
const setNavigator = (value: unknown): void =>
  void Object.defineProperty(globalThis, 'navigator', { value, configurable: true, writable: true });

afterEach(() => {
  delete host.navigator;
  if (original !== undefined) Object.defineProperty(globalThis, 'navigator', original);
});

describe('probe', () => {
  test('a browser without an adapter', async () => {
    setNavigator({ gpu: { requestAdapter: async () => null } });
    expect(await webgpu.probe()).toEqual({
      ok: false,
      reason: 'the browser has WebGPU but offers no adapter',
      hint: expect.stringContaining('chrome://gpu') as string,
    });
  });

  test('a GPU, by its name', async () => {
    const info = { vendor: 'nvidia', architecture: 'hopper', description: 'NVIDIA H200' };
    setNavigator({ gpu: { requestAdapter: async () => ({ info }) } });
    expect(await webgpu.probe()).toEqual({ ok: true, device: 'NVIDIA H200 (nvidia hopper)' });
  });

  test('a software renderer is marked as one', async () => {
    setNavigator({
      gpu: { requestAdapter: async () => ({ info: { vendor: 'x', isFallbackAdapter: true } }) },
    });
    expect(await webgpu.probe()).toEqual({ ok: true, device: 'x', software: true });
  });

  test('Node, without loading anything into this process', async () => {
    setNavigator(undefined);
    process.env['VK_ICD_FILENAMES'] = '/nowhere/no_icd.json';
    expect(await webgpu.probe()).toMatchObject({ ok: false });
    expect(tf.findBackendFactory('webgpu')).toBeNull();
    expect(globalThis).not.toHaveProperty('GPUBuffer');
  });
});

test('withNavigator shows the entry point for the time of the call', () => {
  setNavigator(undefined);
  const gpu = {} as GPU;
  expect(withNavigator(gpu, () => host.navigator?.gpu)).toBe(gpu);
  expect(host.navigator?.gpu).toBeUndefined();
  setNavigator({ userAgent: 'Node' });
  expect(() => withNavigator(gpu, () => JSON.parse('{'))).toThrow();
  expect(host.navigator).toEqual({ userAgent: 'Node' });
});
