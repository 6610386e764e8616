import * as tf from '@tensorflow/tfjs-core';
import { conv2DBackpropFilter } from './conv-filter-gradient.ts';
import type { Kernel, KernelCall } from './kernel.ts';
import { batchMatMul } from './matmul.ts';
import { lazyKernels } from './lazy/kernels.ts';

/** Kernels that take the place of tfjs's own, by kernel name. */
const kernels: Readonly<Record<string, Kernel>> = {
  ...lazyKernels,
  BatchMatMul: batchMatMul,
  Conv2DBackpropFilter: conv2DBackpropFilter,
};

const installed = new Set<string>();

/** Puts the kernels over the stock ones of backend `name`, which they fall back to; once. */
export function installKernels(name: string): void {
  if (installed.has(name)) return;
  installed.add(name);
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    const config = tf.getKernel(kernelName, name);
    const stock = config.kernelFunc as unknown as (call: KernelCall) => tf.TensorInfo;
    tf.unregisterKernel(kernelName, name);
    tf.registerKernel({
      ...config,
      kernelFunc: (call) => {
        const known = call as unknown as KernelCall;
        return kernel(known, stock) ?? stock(known);
      },
    });
  }
}
