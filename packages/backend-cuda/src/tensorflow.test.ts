import { startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { fakePackage, tensorflowThat } from '../test/fake-package.ts';
import type { Gpu } from './nvidia.ts';
import { tensorflow } from './tensorflow.ts';

const adapter = (module: string, gpus: readonly Gpu[]) =>
  tensorflow({ name: 'cuda', priority: 0, module, device: 'gpu', gpus: async () => gpus });
const h200: readonly Gpu[] = [{ name: 'NVIDIA H200', memory: '140 GiB' }];

describe('probe', () => {
  test('a package that is not installed', async () => {
    expect(await adapter('@tensorflow/no-such-package', h200).probe()).toEqual({
      ok: false,
      reason: 'the package "@tensorflow/no-such-package" is not installed',
      hint: expect.stringContaining('npm install @tensorflow/no-such-package@4.22.0') as string,
    });
  });

  test('a package whose install script npm has skipped', async () => {
    const probe = await adapter(fakePackage(undefined), h200).probe();
    expect(probe).toMatchObject({ ok: false, reason: expect.stringContaining('without its native library') });
    expect(probe).toMatchObject({ hint: expect.stringContaining('"allowScripts"') as string });
  });

  test('a machine without a GPU', async () => {
    const probe = await adapter(fakePackage(tensorflowThat('', false)), []).probe();
    expect(probe).toMatchObject({ ok: false, reason: expect.stringContaining('no NVIDIA GPU') });
    expect(probe).toMatchObject({ hint: expect.stringContaining('--gpus all') as string });
  });

  test('missing CUDA libraries, by name', async () => {
    const says = `W dso_loader.cc:64] Could not load dynamic library 'libcudart.so.11.0'; dlerror: no such file
W dso_loader.cc:64] Could not load dynamic library 'libcudnn.so.8'; dlerror: no such file
W gpu_device.cc:1850] Cannot dlopen some GPU libraries. Skipping registering GPU devices...
`;
    expect(await adapter(fakePackage(tensorflowThat(says, false)), h200).probe()).toEqual({
      ok: false,
      reason: 'TensorFlow did not find the CUDA libraries libcudart.so.11.0, libcudnn.so.8',
      hint: expect.stringContaining('LD_LIBRARY_PATH') as string,
    });
  });

  test('a TensorFlow that would pass the CPU off as the GPU', async () => {
    expect(await adapter(fakePackage(tensorflowThat('', false)), h200).probe()).toEqual({
      ok: false,
      reason:
        'TensorFlow lists no GPU among its devices and would compute on the CPU, although the driver knows NVIDIA H200 with 140 GiB',
      hint: expect.stringContaining('CUDA_VISIBLE_DEVICES') as string,
    });
  });

  test('a binding that does not load', async () => {
    const broken = fakePackage('throw new Error("wrong ELF class: ELFCLASS32")');
    expect(await adapter(broken, h200).probe()).toMatchObject({
      ok: false,
      reason: 'TensorFlow did not load: Error: wrong ELF class: ELFCLASS32',
    });
  });

  test('a GPU, with its name and memory', async () => {
    const whole = fakePackage(tensorflowThat('', true));
    expect(await adapter(whole, h200).probe()).toEqual({ ok: true, device: 'NVIDIA H200 with 140 GiB' });
  });

  test('pins memory growth and float32, and has put back what Node 23 removed', async () => {
    const strict = fakePackage(`
      const { TF_FORCE_GPU_ALLOW_GROWTH: growth, NVIDIA_TF32_OVERRIDE: tf32 } = process.env;
      if (growth !== 'true' || tf32 !== '0') throw new Error(growth + ' ' + tf32);
      if (!require('node:util').isNullOrUndefined(null)) throw new Error('not repaired');
      exports.backend = () => ({ isUsingGpuDevice: true });`);
    expect(await adapter(strict, h200).probe()).toMatchObject({ ok: true });
  });

  test('changes nothing here', () => {
    expect(tf.findBackendFactory('tensorflow')).toBeNull();
    expect(tf.findBackendFactory('cuda')).toBeNull();
  });
});

test('what cannot be probed cannot be started', async () => {
  await expect(startBackend(adapter(fakePackage(undefined), h200))).rejects.toMatchObject({
    code: 'backend-unavailable',
  });
});
