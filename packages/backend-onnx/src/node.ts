// A recorded kernel call, and its signature: everything about it that is not a value.

import type { DataType, NamedAttrMap } from '@tensorflow/tfjs-core';
import type { Entry } from './entry.ts';
import type { Kernel } from './kernel.ts';

/** Shape and dtype of one value. */
export interface Spec {
  readonly shape: readonly number[];
  readonly dtype: DataType;
}

/** A kernel with its attributes and the shapes of its inputs; calls that agree in all of it share one. */
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
}

/** One recorded call. `inputs` holds the given inputs only, in the order of the signature. */
export interface Node {
  readonly signature: Signature;
  readonly inputs: readonly Entry[];
  readonly outputs: readonly Entry[];
  /** How many outputs somebody can still reach. */
  liveOutputs: number;
  /** Which run of ONNX Runtime computes it, within one flush. */
  stage: number;
}
