// What a kernel family must say about each of its kernels: the inputs, the outputs' shapes, the ONNX nodes.

import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import type { Call, Entry } from './call.ts';
import type { Lowering, Val } from './lower/lowering.ts';
import type { Spec } from './spec.ts';

export interface Kernel {
  /** Names of the inputs in the order `lower` gets them; a trailing `?` marks an optional one, `*` a list. */
  readonly inputs: readonly string[] | '*';
  /** The op expects a list of results, even of one. */
  readonly many?: true;
  /** Shapes and dtypes of the outputs. Optional inputs that are absent are undefined. */
  infer(inputs: readonly Spec[], attrs: NamedAttrMap): Spec | readonly Spec[];
  /** Emits ONNX nodes that compute the outputs. */
  lower(g: Lowering, inputs: readonly Val[], signature: Signature): Val | readonly Val[];
}

/** Everything about a recorded call that is not a value; calls that agree in all of it share one. */
export interface Signature {
  readonly id: number;
  readonly name: string;
  /** The lowering; undefined when the kernel runs on the host instead. */
  readonly kernel: Kernel | undefined;
  readonly attrs: NamedAttrMap;
  /** One per declared input; undefined for an optional input that was not given. */
  readonly inputs: readonly (Spec | undefined)[];
  readonly inputNames: readonly string[];
  readonly outputs: readonly Spec[];
  /** What was prepared to be called as one kernel. */
  readonly inside?: Inside;
}

/** Calls of kernels behind one signature, and which of their results are its outputs. */
export interface Inside {
  readonly calls: readonly Call[];
  readonly outputs: readonly Entry[];
}

/** tfjs kernel name -> how to lower it. */
export type KernelTable = Readonly<Record<string, Kernel>>;
