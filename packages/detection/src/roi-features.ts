import type { Op } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { roiAlign, type RoiAlignOptions } from './roi-align.ts';

export interface RoiFeatureOptions extends RoiAlignOptions {
  /** Pixels of the image per pixel of every level. */
  readonly strides: readonly number[];
  /** Boxes with sides of twice as many pixels belong to the second level; 56 unless given. */
  readonly finest?: number;
}

/**
 * RoIAlign as a layer: of boxes [B, R, 4] in pixels of the image, and levels of a pyramid, it makes [B, R, rows, columns,
 * C]. A box is looked up in the level of its size, as `pyramidLevels` says. Channels pass; gradients flow to the levels.
 */
export const roiFeatures: Op<RoiFeatureOptions> = {
  kind: 'roiFeatures',
  describe(on, _, [boxes, ...levels], { size, strides }) {
    if (boxes!.shape.length !== 2 || boxes!.shape[1] !== 4)
      on.refuse(`[${boxes!.shape.join(', ')}] are no boxes.`, 'give [R, 4] for each image: x0, y0, x1, y1.');
    if (levels.length !== strides.length || levels.some(({ shape }) => shape.length !== 3))
      on.refuse(
        `${levels.length} levels have ${strides.length} strides.`,
        'give levels [H, W, C] and a stride for each.',
      );
    on.pin(boxes!);
    const [first, ...others] = levels;
    for (const level of others) {
      if (level.shape[2] !== first!.shape[2])
        on.refuse('The levels differ in width.', 'a pyramid has one width.');
      on.join(first!, level);
    }
    return { shape: [boxes!.shape[0]!, ...size, first!.shape[2]!], spaces: first!.spaces, stride: 0 };
  },
  execute(_, __, [boxes, ...levels], { strides, finest = 56, ...options }) {
    const [batch, count] = boxes!.shape as [number, number, number];
    const levels_R = levelsOf(tf.reshape(boxes!, [batch * count, 4]), strides.length, finest);
    const pyramid = levels.map((level, l) => ({ features_NHWC: level as tf.Tensor4D, stride: strides[l]! }));
    return roiAlign(
      pyramid,
      { boxes_BR4: boxes as tf.Tensor3D, levels_BR: tf.reshape(levels_R, [batch, count]) },
      options,
    );
  },
};

/** The level [R] of every box, counted by the doublings that its sides reach. */
function levelsOf(boxes_R4: tf.Tensor2D, count: number, finest: number): tf.Tensor1D {
  const [low_R2, high_R2] = tf.split(boxes_R4, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
  const [width_R1, height_R1] = tf.split(tf.relu(tf.sub(high_R2, low_R2)), 2, 1) as [
    tf.Tensor2D,
    tf.Tensor2D,
  ];
  const doublings_R1 = tf.add(tf.div(tf.sqrt(tf.mul(width_R1, height_R1)), finest), 1e-6);
  // The last step is never reached: a pyramid of one level has a step, too.
  const steps = tf.tensor2d(
    Array.from({ length: count }, (_, k) => (k + 1 < count ? 2 ** (k + 1) : Infinity)),
    [1, count],
  );
  const reached_RL = tf.cast(tf.greaterEqual(doublings_R1, steps), 'float32');
  return tf.cast(tf.sum(reached_RL, 1), 'int32');
}
