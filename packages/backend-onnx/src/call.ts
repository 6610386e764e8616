// A recorded kernel call, and the buffers that it reads and makes.

import type { MaNetError } from '@ma-net/core';
import type { DataType } from '@tensorflow/tfjs-core';
import type { Tensor as OrtTensor } from 'onnxruntime-web';
import type { Signature } from './kernel.ts';
import { specKey } from './spec.ts';

/** One recorded call. `inputs` holds the given inputs only, in the order of the signature. */
export interface Call {
  readonly signature: Signature;
  readonly inputs: readonly Entry[];
  readonly outputs: readonly Entry[];
  /** How many outputs somebody can still reach. */
  liveOutputs: number;
  /** Which run of ONNX Runtime computes it, within one flush. */
  stage: number;
}

/** Values of a tensor in JavaScript memory; strings are UTF-8 bytes, as in tfjs. */
export type HostValues = Float32Array | Int32Array | Uint8Array | Uint8Array[];

/**
 * One buffer, which is what a tfjs dataId of this backend is: a value that is in memory, or that a call will make.
 * `refs` counts tfjs tensors, `uses` counts recorded calls that still have to read it.
 */
export class Entry {
  refs = 1;
  uses = 0;
  values: HostValues | undefined;
  /** Handed over from JavaScript, not computed. */
  given = false;
  /** Computed by a graph into memory that nobody else has. */
  own = false;
  /** The value as ONNX Runtime sees it; on a GPU provider it may exist only there. */
  tensor: OrtTensor | undefined;
  /** The call that will make the value, until it has run. */
  maker: Call | undefined;
  /** Why the value will never exist: the graph that should have made it failed. */
  failure: MaNetError | undefined;
  /** Scratch of graph building: which graph last numbered this entry, and the number it got. */
  mark = 0;
  slot = 0;
  /** How many inputs of that graph are this entry. */
  readers = 0;
  readonly shape: readonly number[];
  readonly dtype: DataType;
  #key: string | undefined;

  constructor(shape: readonly number[], dtype: DataType) {
    this.shape = shape;
    this.dtype = dtype;
  }

  /** Shape and dtype as text. */
  get key(): string {
    this.#key ??= specKey(this.shape, this.dtype);
    return this.#key;
  }

  get materialised(): boolean {
    return this.values !== undefined || this.tensor !== undefined;
  }
}
