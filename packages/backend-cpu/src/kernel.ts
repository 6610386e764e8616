// What our kernels and tfjs's registry agree on.

import type { NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';

export type Values = Float32Array | Int32Array | Uint8Array;

export interface KernelCall {
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly attrs: NamedAttrMap;
  readonly backend: MathBackendCPU;
}

/** Computes what the stock kernel computes, or returns undefined to leave the call to it. */
export type FastKernel = (call: KernelCall) => TensorInfo | TensorInfo[] | undefined;

/** The numbers of a tensor. After a cast they may be whole numbers although the tensor says float32. */
export function valuesOf({ backend }: KernelCall, tensor: TensorInfo): Values {
  return backend.data.get(tensor.dataId).values as Values;
}

/** Whether every tensor holds plain numbers of these types. */
export function allOf(dtypes: readonly string[], ...tensors: readonly TensorInfo[]): boolean {
  return tensors.every(({ dtype }) => dtypes.includes(dtype));
}
