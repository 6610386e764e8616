// tfjs's own WebGPU backend, beside ours: on a device of its own, with its own kernels.

/// <reference types="@webgpu/types" />

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { BackendAdapter } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

/** The part of tfjs's backend that ends a step. */
interface Queue extends tf.KernelBackend {
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

export interface StockWebgpu {
  /** Starts it under the name `stock`. */
  readonly adapter: BackendAdapter;
  readonly device: GPUDevice;
}

/** Dawn ends the process when its entry point is collected before its devices. */
const kept: GPU[] = [];

/** To be called in Node before ours starts: ours puts its kernels in the place of tfjs's. */
export async function stockWebgpu(): Promise<StockWebgpu> {
  const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu');
  tf.copyRegisteredKernels('webgpu', 'stock');
  const dawn = createRequire(import.meta.url).resolve('webgpu');
  const { create, globals } = (await import(pathToFileURL(dawn).href)) as {
    create(options: string[]): GPU;
    globals: object;
  };
  Object.assign(globalThis, globals);
  const gpu = create([]);
  kept.push(gpu);
  const found = (await gpu.requestAdapter())!;
  const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } = found.limits;
  const device = await found.requestDevice({
    requiredLimits: { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage },
  });
  // It binds all terms of a sum to one program, which a device may refuse.
  device.addEventListener('uncapturederror', (event) => event.preventDefault());
  const { info } = found as unknown as { info: GPUAdapterInfo };
  const backend: Queue = withGpu(gpu, () => new WebGPUBackend(device, info));
  tf.registerBackend('stock', () => backend);
  return {
    device,
    adapter: {
      name: 'stock',
      priority: 0,
      tolerance: { rtol: 2e-4, atol: 2e-5 },
      probe: async () => ({ ok: true, device: info.description }),
      async start() {
        await tf.setBackend('stock');
        return {
          name: 'stock',
          device: info.description,
          async sync() {
            backend.ensureCommandEncoderReady();
            backend.endComputePassEncoder();
            backend.submitQueue();
            await device.queue.onSubmittedWorkDone();
          },
          facts: () => ({}),
          counters: () => ({}),
        };
      },
    },
  };
}

/** Runs `body` where tfjs finds WebGPU as browsers have it. */
function withGpu<T>(gpu: GPU, body: () => T): T {
  const own = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  try {
    return body();
  } finally {
    if (own === undefined) delete (globalThis as { navigator?: unknown }).navigator;
    else Object.defineProperty(globalThis, 'navigator', own);
  }
}
