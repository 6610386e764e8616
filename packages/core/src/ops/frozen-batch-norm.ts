import type * as tf from '@tensorflow/tfjs-core';
import { runningBatchNorm } from '../layers.ts';
import type { Op } from '../op.ts';

/**
 * Batch normalisation that training leaves as it is: gains, offsets and moments are statistics that nothing moves. With
 * the names of `batchNorm`, so that it takes the weights of a trained network.
 */
export const frozenBatchNorm: Op<null> = {
  kind: 'frozenBatchNorm',
  describe(on, name, [x]) {
    for (const [part, initial] of Object.entries(PARTS))
      on.statistic(`${name}.${part}`, x!, initial, { held: true });
    return x!;
  },
  execute(on, name, [x]) {
    const [gain_C, offset_C, mean_C, variance_C] = Object.keys(PARTS).map(
      (part) => on.statistic(`${name}.${part}`) as tf.Tensor1D,
    );
    return runningBatchNorm(
      x!,
      { gain_C: gain_C!, offset_C: offset_C! },
      { mean_C: mean_C!, variance_C: variance_C! },
    );
  },
};

/** What it consists of, and what each starts as. */
const PARTS = { weight: 1, bias: 0, running_mean: 0, running_var: 1 };
