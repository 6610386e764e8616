// How good a network is on one mini-batch, normalised with that mini-batch: what searches compare.

import { type Batch, type ForwardContext, type Network, type Params, sync, type Task } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

export interface Goodness {
  /** The measure that the task is compared by, where the loss tells it, else the loss itself; larger is better. */
  readonly good: number;
  readonly loss: number;
}

/** Measures the network of a task, or another one of the same outputs, on a mini-batch. Borrows everything, changes nothing. */
export async function goodness<B extends Batch>(
  task: Task<B>,
  params: Params,
  stats: Params,
  batch: B,
  ctx: ForwardContext,
  network: Network = task.network,
): Promise<Goodness> {
  const { measure, better } = task.headline;
  const packed = tf.tidy(() => {
    const { outputs } = network.forward(params, stats, task.inputs(batch), ctx);
    const terms = task.loss(outputs, batch, ctx);
    return tf.stack([terms[measure] ?? terms.loss, terms.loss]);
  });
  const named = measure !== 'loss';
  // A graph for every candidate, so that it is the same one each time.
  const [[value, loss]] = await Promise.all([packed.data(), sync()]);
  packed.dispose();
  return { good: better === 'larger' && named ? value! : -value!, loss: loss! };
}
