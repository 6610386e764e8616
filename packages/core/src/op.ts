// A layer is an `Op`: one object, in one file of any package, which says what the layer does to shapes and
// channels and computes it on tensors. A network applies ops by `net.apply(op, name, inputs, options)`.

import type * as tf from '@tensorflow/tfjs-core';
import type { Ledger } from './ledger.ts';
import type { ForwardContext } from './network.ts';
import type { Rng } from './rng.ts';
import type { Shaped } from './spaces.ts';

export interface Op<Options> {
  /** The op's own name, for messages and for programs that write networks down. */
  readonly kind: string;
  /**
   * Writes down what the layer owns, and returns the shape and the channels of what it makes. Channels pass, join,
   * become units, are made, or are kept for good. Throws `shape-mismatch` for inputs that it cannot take.
   */
  describe(on: Ledger, name: string, inputs: readonly Shaped[], options: Options): Shaped;
  /** Computes it. Runs inside `tf.tidy` and under a gradient tape: borrows its inputs, owns its result. */
  execute(on: Weights, name: string, inputs: readonly tf.Tensor[], options: Options): tf.Tensor;
}

/** What a layer reads and moves while a network runs. */
export interface Weights extends ForwardContext {
  param(name: string): tf.Tensor;
  /** The statistic as the layers before left it, so that a layer used twice moves it on twice. */
  statistic(name: string): tf.Tensor;
  move(name: string, next: tf.Tensor): void;
  /** Random numbers of the layer `name` in this pass: others each time that it is applied. Throws `bad-argument` without any. */
  random(name: string): Rng;
}
