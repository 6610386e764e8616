// What a task's network says of a batch outside of training: in one look, or in two with a decision in between.

import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from './batch-source.ts';
import type { HostBatch } from './dataset.ts';
import { type Params, pick, readParams, uploadParams } from './params.ts';
import type { Weighed } from './settle.ts';
import type { Task } from './task.ts';

/** What was looked at, and what was seen. */
export interface Looked {
  /** All inputs that the network was given: borrowed from the batch, but for those in `owned`. */
  readonly inputs: Params;
  /** The network's outputs, owned by the caller. */
  readonly outputs: Params;
  /** What was decided between two looks, for `Task.decode`. */
  readonly decided: HostBatch;
  /** Whatever the caller has to dispose. */
  readonly owned: readonly Params[];
}

/** Everything that `network` says of a batch, with running statistics. Borrows the batch. */
export async function lookAt<B extends Batch>(
  { inputs: inputsOf, look }: Pick<Task<B>, 'inputs' | 'look'>,
  { network, params, stats }: Weighed,
  batch: B,
): Promise<Looked> {
  const ctx = { training: false };
  const forward = (given: Params): Params =>
    tf.tidy(() => network.forward(params, stats, given, ctx).outputs as tf.TensorContainerObject) as Params;
  const inputs = inputsOf(batch);
  const first = forward(inputs);
  if (look === undefined) return { inputs, outputs: first, decided: {}, owned: [first] };
  try {
    const decided = await look.decide(await readParams(pick(first, look.outputs)), batch, ctx);
    const found = uploadParams(decided);
    const all = inputsOf({ ...batch, ...found });
    const outputs = forward({ ...all, ...first });
    return { inputs: all, outputs, decided, owned: [outputs, found] };
  } finally {
    tf.dispose(first as tf.TensorContainerObject);
  }
}
