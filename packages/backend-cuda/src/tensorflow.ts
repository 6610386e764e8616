// Both Node packages of tfjs, for the GPU and for the CPU, are one binding over TensorFlow's C library. `cuda`
// takes the first; our tests prove the same code on the second, where there is no GPU.

import { createRequire } from 'node:module';
import { type BackendAdapter, checkStart, MaNetError, type Probe, type RunningBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { environment } from './environment.ts';
import { inspect } from './inspect.ts';
import { findInstall } from './install.ts';
import { type Gpu, listGpus } from './nvidia.ts';
import { repairUtil } from './repair.ts';
import { installWindows } from './windows.ts';

export interface TensorflowOptions {
  readonly name: string;
  readonly priority: number;
  /** The package, or the folder it lies in. */
  readonly module: string;
  readonly device: 'gpu' | 'cpu';
  readonly gpus?: () => Promise<readonly Gpu[]>;
}

/** An adapter that computes with a Node package of tfjs, and only on the device it promises. */
export function tensorflow(options: TensorflowOptions): BackendAdapter {
  const { name, priority } = options;
  let starting: Promise<RunningBackend> | undefined;
  return {
    name,
    priority,
    // Observed over the conformance suite on the CPU build: float32 sums in another order.
    tolerance: { rtol: 1e-4, atol: 1e-5 },
    probe: () => probe(options),
    async start() {
      const running = await (starting ??= open(options).catch((error: unknown) => {
        starting = undefined;
        throw error;
      }));
      await tf.setBackend(name);
      return running;
    },
  };
}

/** Looks from outside (files, a process of its own): TensorFlow cannot be unloaded again. */
async function probe({ module, device, gpus = listGpus }: TensorflowOptions): Promise<Probe> {
  const install = await findInstall(module);
  if (!('path' in install)) return install;
  const found = device === 'gpu' ? await gpus() : [];
  if (device === 'gpu' && found.length === 0) {
    return {
      ok: false,
      reason: 'this machine has no NVIDIA GPU that its driver knows of',
      hint: '"nvidia-smi" should list one; install the NVIDIA driver, or give the container access (docker run --gpus all)',
    };
  }
  const seen = await inspect(install.path);
  if ('reason' in seen) return seen;
  if (device === 'cpu') return { ok: true, device: 'TensorFlow on the CPU' };
  if (!seen.gpu) return fellBack(found);
  return { ok: true, device: describeGpus(found) };
}

async function open(options: TensorflowOptions): Promise<RunningBackend> {
  const { name, module, device } = options;
  const found = await probe(options);
  if (!found.ok) throw unavailable(found);
  const install = await findInstall(module);
  if (!('path' in install)) throw unavailable(install);
  Object.assign(process.env, { ...environment, ...process.env });
  repairUtil();
  withKernelsOf('cpu', () => createRequire(import.meta.url)(install.path) as unknown);
  // It registers itself as "tensorflow"; tfjs looks kernels up by the name of the backend.
  const backend = tf.findBackend('tensorflow') as tf.KernelBackend & { isUsingGpuDevice: boolean };
  if (device === 'gpu' && !backend.isUsingGpuDevice) throw unavailable(fellBack([]));
  tf.copyRegisteredKernels('tensorflow', name);
  installWindows(name);
  tf.registerBackend(name, () => backend);
  await tf.setBackend(name);
  await checkStart(name);
  return {
    name,
    device: found.device,
    // Kernels of a GPU run in order: when the last has an answer, all have.
    async sync() {
      const last = tf.tidy(() => tf.add(tf.scalar(1), tf.scalar(1)));
      await last.data();
      last.dispose();
    },
    facts: () => ({}),
    counters: () => ({}),
  };
}

/** The package brings all of tfjs; where npm keeps two copies, its kernels would take the place of ours. */
function withKernelsOf(backend: string, load: () => unknown): void {
  const before = tf.getKernelsForBackend(backend);
  load();
  for (const kernel of before) {
    tf.unregisterKernel(kernel.kernelName, backend);
    tf.registerKernel(kernel);
  }
}

function fellBack(gpus: readonly Gpu[]): Extract<Probe, { ok: false }> {
  const which = gpus.length === 0 ? '' : `, although the driver knows ${describeGpus(gpus)}`;
  return {
    ok: false,
    reason: `TensorFlow lists no GPU among its devices and would compute on the CPU${which}`,
    hint: 'check that CUDA_VISIBLE_DEVICES does not hide it, and that the driver is recent enough for CUDA 11.2',
  };
}

function describeGpus(gpus: readonly Gpu[]): string {
  return gpus.map(({ name, memory }) => (memory === '' ? name : `${name} with ${memory}`)).join(', ');
}

function unavailable({ reason, hint }: Extract<Probe, { ok: false }>): MaNetError {
  return new MaNetError('backend-unavailable', reason, hint === undefined ? {} : { hint });
}
