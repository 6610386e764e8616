// WebGPU through tfjs: in browsers, and in Node on Dawn.

import { type BackendAdapter, checkStart, MaNetError, type Probe, type RunningBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { watch, type Watch } from './device.ts';
import { describeAdapter, isSoftware } from './adapter-info.ts';
import { findAdapter, inspectAdapter, withNavigator } from './gpu.ts';
import { installKernels } from './kernels.ts';
import { Lazy } from './lazy/lazy.ts';

const NAME = 'webgpu';

/** GPUs of any make, without a toolkit to install. Software renderers work, but only when asked for. */
export const webgpu: BackendAdapter = {
  name: NAME,
  priority: 30,
  // Observed over the conformance suite: sums in another order, and WGSL's own exp, log, tanh and pow.
  tolerance: { rtol: 2e-4, atol: 2e-5 },

  async probe(): Promise<Probe> {
    const found = await inspectAdapter();
    if (!('info' in found)) return found;
    const device = describeAdapter(found.info);
    return isSoftware(found.info) ? { ok: true, device, software: true } : { ok: true, device };
  },

  async start() {
    const current = await (starting ??= begin());
    if (current.watch.failure() === undefined) {
      await tf.setBackend(NAME);
      return current.running;
    }
    // The device was lost: its tensors are gone, and a new device begins anew.
    starting = begin();
    return (await starting).running;
  },
};

interface Started {
  readonly running: RunningBackend;
  readonly watch: Watch;
}

let starting: Promise<Started> | undefined;

function begin(): Promise<Started> {
  return open().catch((error: unknown) => {
    starting = undefined;
    throw error;
  });
}

async function open(): Promise<Started> {
  const seen = await inspectAdapter();
  const found = 'info' in seen ? await findAdapter() : seen;
  if (!('adapter' in found)) {
    const { reason, hint } = found;
    throw new MaNetError('backend-unavailable', reason, hint === undefined ? {} : { hint });
  }
  const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu');
  installKernels(NAME);
  const { gpu, adapter, info } = found;
  const device = await adapter.requestDevice({ requiredLimits: allOf(adapter.limits) });
  const backend = withNavigator(gpu, () => new WebGPUBackend(device, info as GPUAdapterInfo));
  const lazy = new Lazy(backend);
  const watching = watch(backend, () => lazy.flush());
  if (tf.findBackendFactory(NAME) !== null) tf.removeBackend(NAME);
  tf.registerBackend(NAME, () => backend);
  await tf.setBackend(NAME);
  await checkStart(NAME);
  const running: RunningBackend = {
    name: NAME,
    device: describeAdapter(info),
    sync: () => watching.settle(),
    facts: () => ({}),
    counters: () => ({
      pipelines: pipelinesOf(backend) + lazy.pipelines,
      bytes: backend.memory().numBytesInGPU,
    }),
  };
  return { running, watch: watching };
}

/** Everything the adapter can do of what tfjs's programs ask for. */
function allOf(limits: GPUSupportedLimits): Record<string, number> {
  const {
    maxBufferSize,
    maxComputeInvocationsPerWorkgroup,
    maxComputeWorkgroupSizeX,
    maxComputeWorkgroupStorageSize,
    maxComputeWorkgroupsPerDimension,
    maxStorageBufferBindingSize,
    maxStorageBuffersPerShaderStage,
  } = limits;
  return {
    maxBufferSize,
    maxComputeInvocationsPerWorkgroup,
    maxComputeWorkgroupSizeX,
    maxComputeWorkgroupStorageSize,
    maxComputeWorkgroupsPerDimension,
    maxStorageBufferBindingSize,
    maxStorageBuffersPerShaderStage,
  };
}

function pipelinesOf(backend: WebGPUBackend): number {
  return Object.keys((backend as unknown as { pipelineCache: object }).pipelineCache).length;
}
