import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, test } from 'vitest';
import { webgpu } from './adapter.ts';
import { type AdapterInfo, describeAdapter, findGpu, isSoftware, withNavigator } from './gpu.ts';

const host = globalThis as { navigator?: { gpu?: unknown } };
const original = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
const setNavigator = (value: unknown): void =>
  void Object.defineProperty(globalThis, 'navigator', { value, configurable: true, writable: true });

afterEach(() => {
  delete host.navigator;
  if (original !== undefined) Object.defineProperty(globalThis, 'navigator', original);
});

// First: once Dawn has loaded, it is there for the whole process.
describe('findGpu', () => {
  const failing = (error: Error) => () => Promise.reject(error);

  test('names the package that is not installed', async () => {
    setNavigator(undefined);
    const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
    expect(await findGpu(failing(missing))).toEqual({
      ok: false,
      reason: 'Node has no WebGPU of its own, and the package "webgpu" is not installed',
      hint: 'npm install webgpu',
    });
  });

  test('says why the package did not load', async () => {
    setNavigator(undefined);
    const broken = new Error("Cannot find module '/x/dist/linux-riscv64/dawn.node'\nRequire stack:\n- ...");
    expect(await findGpu(failing(broken))).toMatchObject({
      reason: `the package "webgpu" did not load: Cannot find module '/x/dist/linux-riscv64/dawn.node'`,
    });
  });
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

  test('Node without a Vulkan driver', async () => {
    setNavigator(undefined);
    process.env['VK_ICD_FILENAMES'] = '/nowhere/no_icd.json';
    const probe = await webgpu.probe();
    if (process.platform === 'linux') {
      expect(probe).toEqual({
        ok: false,
        reason: 'none of the Vulkan drivers offers an adapter that Dawn can use (/nowhere/no_icd.json)',
        hint: expect.stringContaining('vulkaninfo') as string,
      });
    }
    expect(tf.findBackendFactory('webgpu')).toBeNull();
  });
});

describe('isSoftware', () => {
  const cases: [AdapterInfo, boolean][] = [
    [{ vendor: 'google', architecture: 'swiftshader' }, true],
    [{ vendor: 'mesa', description: 'llvmpipe (LLVM 15.0.6, 256 bits)' }, true],
    [{ vendor: 'microsoft', description: 'Microsoft Basic Render Driver' }, true],
    [{ vendor: 'nvidia', architecture: 'lovelace' }, false],
    [{ vendor: 'apple', architecture: 'common-3', isFallbackAdapter: false }, false],
    [{}, false],
  ];
  test.each(cases)('%o: %s', (info, expected) => expect(isSoftware(info)).toBe(expected));
});

test('describeAdapter leaves out what is not known', () => {
  expect(describeAdapter({ vendor: 'intel', architecture: 'xe' })).toBe('intel xe');
  expect(describeAdapter({ device: '0x7d55', vendor: 'intel' })).toBe('0x7d55 (intel)');
  expect(describeAdapter({ description: 'Apple M4' })).toBe('Apple M4');
  expect(describeAdapter({})).toBe('a GPU without a name');
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
