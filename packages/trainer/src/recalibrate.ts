import { type Batch, cloneParams, type Params, pick, sync, type Task } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Running statistics estimated anew for given weights: the cumulative average over unaugmented training
 * batches, from a reset and without a weight update (section 11). Those of `known` that are held, because they are no
 * estimates, stay as they are. Disposes the batches; the caller owns the result.
 */
export async function recalibrate<B extends Batch>(
  { network, inputs }: Pick<Task<B>, 'network' | 'inputs'>,
  { params, stats: known }: { readonly params: Params; readonly stats: Params },
  batches: AsyncIterable<B> | Iterable<B>,
): Promise<Params> {
  const held = network.statistics.flatMap((statistic) => (statistic.held === true ? [statistic.name] : []));
  let stats: Params = Object.fromEntries(
    network.statistics.map(({ name, shape, initial, held: stays }) => [
      name,
      stays === true ? known[name]!.clone() : tf.fill([...shape], initial),
    ]),
  );
  let seen = 0;
  for await (const batch of batches) {
    const next = tf.tidy(() => {
      // The weight of the k-th batch in the mean of k batches.
      const momentum = tf.scalar(1 / (seen + 1));
      return network.forward(params, stats, inputs(batch), { training: true, momentum })
        .stats as tf.TensorContainerObject;
    }) as Params;
    tf.dispose([batch, stats] as unknown as tf.TensorContainer);
    stats = next;
    seen++;
    await sync();
  }
  // A count of mini-batches went on.
  tf.dispose(pick(stats, held));
  return { ...stats, ...cloneParams(pick(known, held)) };
}
