import * as tf from '@tensorflow/tfjs-core';
import { conv2DBackpropFilter } from './conv-filter-gradient.ts';
import type { Kernel, KernelCall } from './kernel.ts';
import { batchMatMul } from './matmul.ts';

/** Kernels that take the place of tfjs's own, by kernel name. */
export const kernels: Readonly<Record<string, Kernel>> = {
  BatchMatMul: batchMatMul,
  Conv2DBackpropFilter: conv2DBackpropFilter,
};

const installed = new Set<string>();

/** Puts the kernels over the stock ones of backend `name`, which they fall back to; once. */
export function installKernels(name: string): void {
  if (installed.has(name)) return;
  installed.add(name);
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    const stock = tf.getKernel(kernelName, name);
    tf.unregisterKernel(kernelName, name);
    tf.registerKernel({
      ...stock,
      kernelFunc: (call) => kernel(call as unknown as KernelCall) ?? stock.kernelFunc(call),
    });
  }
}
