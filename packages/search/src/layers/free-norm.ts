import { batchNorm, type Op, runningBatchNorm } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Batch normalisation without gains and offsets: `<name>.running_mean` and `<name>.running_var`. In a search they would
 * let an operation hide how much it says (Liu et al. 2019, section 3.1.1).
 */
export const freeNorm: Op<null> = {
  kind: 'search.freeNorm',
  describe(on, name, [x]) {
    on.statistic(`${name}.running_mean`, x!, 0);
    on.statistic(`${name}.running_var`, x!, 1);
    return x!;
  },
  execute(on, name, [x]) {
    const channels = x!.shape.at(-1)!;
    const affine = {
      gain_C: tf.ones([channels]) as tf.Tensor1D,
      offset_C: tf.zeros([channels]) as tf.Tensor1D,
    };
    const running = {
      mean_C: on.statistic(`${name}.running_mean`) as tf.Tensor1D,
      variance_C: on.statistic(`${name}.running_var`) as tf.Tensor1D,
    };
    if (!on.training) return runningBatchNorm(x!, affine, running);
    const ranks = on.ranks?.syncBatchNorm === true ? on.ranks : undefined;
    const result = batchNorm(x!, affine, running, on.momentum, ranks);
    on.move(`${name}.running_mean`, result.running.mean_C);
    on.move(`${name}.running_var`, result.running.variance_C);
    return result.y;
  },
};
