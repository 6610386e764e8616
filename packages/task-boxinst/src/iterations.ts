import type { Op } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * How many mini-batches a network was trained on, this one included, [B, 1] for a value of B images: `<name>._iter`, a
 * statistic, so that it is saved and continued with the others. AdelaiDet's name.
 */
export const countIterations: Op<null> = {
  kind: 'countIterations',
  describe(on, name) {
    const count = { shape: [1], spaces: [on.space(`${name} iterations`, 1, `${name}._iter`)], stride: 0 };
    on.statistic(`${name}._iter`, count, 0, { held: true });
    on.pin(count);
    return count;
  },
  execute(on, name, [x]) {
    const before = on.statistic(`${name}._iter`);
    const now = on.training ? tf.add(before, 1) : before;
    if (on.training) on.move(`${name}._iter`, now);
    return tf.tile(tf.reshape(now, [1, 1]), [x!.shape[0]!, 1]);
  },
};
