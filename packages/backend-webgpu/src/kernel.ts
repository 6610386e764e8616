// What our kernels and tfjs's registry agree on.

import type { NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';

export interface KernelCall {
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly attrs: NamedAttrMap;
  readonly backend: WebGPUBackend;
}

/** Computes what the stock kernel computes, or returns undefined to leave the call to it. */
export type Kernel = (
  call: KernelCall,
  stock: (call: KernelCall) => TensorInfo,
) => TensorInfo | TensorInfo[] | undefined;
