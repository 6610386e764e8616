// Whether a compacted network computes what the large one did.

import { type Batch, lookAt, MaNetError } from '@ma-net/core';
import type { TrainedNetwork } from '@ma-net/export/node';
import * as tf from '@tensorflow/tfjs-core';
import type { OpenRun } from './open.ts';

/** Outputs are sums in another order, of fewer addends. */
const TOLERANCE = 1e-4;

/**
 * The largest difference between the outputs of two networks on any test sample, relative to the largest output. Throws
 * `backend-failed` where it is more than another order of the same sums explains.
 */
export async function differenceOf<B extends Batch>(
  large: TrainedNetwork,
  small: TrainedNetwork,
  { task, evaluationBatches }: Pick<OpenRun<B>, 'task' | 'evaluationBatches'>,
): Promise<number> {
  let [largest, scale] = [0, 0];
  for await (const batch of evaluationBatches()) {
    const looked = await lookAt(task, large, batch);
    const outputs = ({ network, params, stats }: TrainedNetwork): tf.Tensor[] =>
      Object.values(network.forward(params, stats, looked.inputs, { training: false }).outputs);
    const [difference, size] = tf.tidy(() => {
      const [before, after] = [Object.values(looked.outputs), outputs(small)];
      const apart = before.map((value, i) => tf.max(tf.abs(tf.sub(value, after[i]!))));
      return [tf.max(tf.stack(apart)), tf.max(tf.stack(before.map((value) => tf.max(tf.abs(value)))))];
    }) as [tf.Tensor, tf.Tensor];
    const [[apart], [most]] = await Promise.all([difference.data(), size.data()]);
    tf.dispose([batch, looked.owned, difference, size] as unknown as tf.TensorContainer);
    // Written so that a NaN is the largest difference there is.
    if (!(apart! <= largest)) largest = apart!;
    scale = Math.max(scale, most!);
  }
  const relative = largest / Math.max(scale, Number.MIN_VALUE);
  if (relative <= TOLERANCE) return relative;
  throw new MaNetError(
    'backend-failed',
    `The compacted network computes something else: its outputs differ by ${largest.toPrecision(3)}, of ${scale.toPrecision(3)}.`,
    {
      where: small.network.name,
      hint: 'nothing was written; please report this, with the recipe of the run.',
    },
  );
}
