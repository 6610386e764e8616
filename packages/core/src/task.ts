import type * as tf from '@tensorflow/tfjs-core';
import type { Batch } from './batch-source.ts';
import type { ForwardContext, Network } from './network.ts';
import type { Params } from './params.ts';

/** What the loss of one mini-batch is made of. */
export interface TaskLoss {
  readonly loss: tf.Scalar;
  /** Parts of the loss and cheap measures of the batch, for the log: scalars. */
  readonly terms: Readonly<Record<string, tf.Scalar>>;
  /** The next running statistics. */
  readonly stats: Params;
}

/**
 * What the trainer optimises and reports. `B` holds the tensors of one mini-batch, static in shape;
 * whoever asked for a batch disposes it.
 */
export interface Task<B extends Batch> {
  readonly name: string;
  readonly network: Network;
  /** The measure that runs are compared by; larger is better. */
  readonly headline: string;
  /** L_TN of a mini-batch, as a pure function of the weights. Runs under a gradient tape. */
  loss(params: Params, stats: Params, batch: B, ctx: ForwardContext): TaskLoss;
  /** Measures over batches with running statistics; changes nothing. Disposes each batch. */
  evaluate(params: Params, stats: Params, batches: Iterable<B>): Promise<Readonly<Record<string, number>>>;
}
