import * as tf from '@tensorflow/tfjs-core';
import type { Op } from '../op.ts';
import { text } from '../shapes.ts';

/**
 * `x` times a gate: of its own shape, one number per channel [C], or one per position [H, W, 1]. Channels that meet
 * go together; a gate of positions leaves the channels alone.
 */
export const mul: Op<null> = {
  kind: 'mul',
  describe(on, _, [x, gate]) {
    const [channels] = x!.shape.slice(-1);
    const perPosition = [...x!.shape.slice(0, -1), 1].join();
    switch (gate!.shape.join()) {
      case x!.shape.join():
      case String(channels):
        on.join(x!, gate!);
        return x!;
      case perPosition:
        return x!;
      default:
        return on.refuse(
          `A gate of ${text(gate!.shape)} does not fit ${text(x!.shape)}.`,
          'make it of the same shape, one number per channel, or one per position.',
        );
    }
  },
  execute(_, __, [x, gate]) {
    const missing = x!.rank - gate!.rank;
    if (missing === 0) return tf.mul(x!, gate!);
    const [batch, channels] = gate!.shape as [number, number];
    return tf.mul(x!, tf.reshape(gate!, [batch, ...Array<number>(missing).fill(1), channels]));
  },
};
