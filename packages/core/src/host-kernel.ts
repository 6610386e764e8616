// Kernels that packages of their own register under tfjs's `cpu`, and that other backends run between their graphs, when
// the inputs are known.

import type { DataType, KernelConfig, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';

/** An input of a kernel, as the backend hands it over. */
export interface HostInput extends TensorInfo {
  /** Whether its memory is the kernel's from now on: nobody else reads it again, or holds it. */
  readonly last?: boolean;
}

/** Shape and dtype of a value. */
export interface HostSpec {
  readonly shape: readonly number[];
  readonly dtype: DataType;
}

/** What such a kernel may know beside what tfjs asks of one; whoever does not look for it calls `kernelFunc`. */
export interface HostKernel extends KernelConfig {
  /** Shapes and dtypes of the results, where the kernel must not be run on zeros to find them. */
  infer?(inputs: readonly HostSpec[]): readonly HostSpec[];
  /** The same as `kernelFunc`, where the results are waited for. */
  later?(call: {
    readonly inputs: readonly HostInput[];
    readonly attrs: NamedAttrMap;
    readonly backend: unknown;
  }): Promise<TensorInfo[]>;
}
