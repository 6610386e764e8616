import type * as tf from '@tensorflow/tfjs-core';

/** An endless stream of mini-batches that can be saved and continued. */
export interface BatchSource<B extends tf.TensorContainerObject> {
  readonly batchesPerEpoch: number;
  /** The next mini-batch; the trainer disposes it. */
  next(): B;
  /** Where it stands, as plain JSON. */
  state(): unknown;
  /** Continues, bit for bit, where `state` was taken. */
  restore(state: unknown): void;
}
