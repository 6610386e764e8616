import type * as tf from '@tensorflow/tfjs-core';
import { ones, zeros } from '../init.ts';
import { batchNorm as normalise, runningBatchNorm } from '../layers.ts';
import type { Op } from '../op.ts';
import { vectorFor } from '../shapes.ts';

/** Batch normalisation over all axes but the last: with the batch while training, else with the running statistics. */
export const batchNorm: Op<null> = {
  kind: 'batchNorm',
  describe(on, name, [x]) {
    on.affine(`${name}.weight`, x!, ones);
    on.affine(`${name}.bias`, x!, zeros);
    on.statistic(`${name}.running_mean`, x!, 0);
    on.statistic(`${name}.running_var`, x!, 1);
    return x!;
  },
  execute(on, name, [x]) {
    const affine = {
      gain_C: vectorFor(on, `${name}.weight`, x!),
      offset_C: on.param(`${name}.bias`) as tf.Tensor1D,
    };
    const running = {
      mean_C: on.statistic(`${name}.running_mean`) as tf.Tensor1D,
      variance_C: on.statistic(`${name}.running_var`) as tf.Tensor1D,
    };
    if (!on.training) return runningBatchNorm(x!, affine, running);
    const ranks = on.ranks?.syncBatchNorm === true ? on.ranks : undefined;
    const result = normalise(x!, affine, running, on.momentum, ranks);
    on.move(`${name}.running_mean`, result.running.mean_C);
    on.move(`${name}.running_var`, result.running.variance_C);
    return result.y;
  },
};
