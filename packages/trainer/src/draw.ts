// The next mini-batch of a round, of as many parts of the training set as it draws from.

import type { Batch, BatchSource, Round } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

/** Parts that a round draws from at once. */
export const partsOf = ({ split }: Round): number => (Array.isArray(split) ? split.length : 1);

/** The next mini-batch of a round: the rows of several parts stand one after the other. The caller disposes it. */
export async function draw<B extends Batch>(
  source: Pick<BatchSource<B>, 'next'>,
  { split }: Round,
): Promise<B> {
  if (split === undefined || typeof split === 'string') return source.next(split);
  const batches: B[] = [];
  try {
    for (const name of split) batches.push(await source.next(name));
    const names = Object.keys(batches[0]!);
    return tf.tidy(
      () =>
        Object.fromEntries(
          names.map((name) => [name, tf.concat(batches.map((batch) => batch[name]!))]),
        ) as tf.TensorContainerObject,
    ) as unknown as B;
  } finally {
    tf.dispose(batches as tf.TensorContainer);
  }
}
