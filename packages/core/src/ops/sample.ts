import * as tf from '@tensorflow/tfjs-core';
import type { Op } from '../op.ts';
import { takeRows } from '../rows.ts';
import { imageOf, text } from '../shapes.ts';

/**
 * An image at points between its positions: `x` [B, H, W, C] and `points` [B, K, 2] make [B, K, C]. A point is (x, y) as
 * parts of the width and the height, 0 at the left or upper edge, 1 at the other; positions have their values at their
 * centres, between four of them it is interpolated, and beyond the image is 0 (Jaderberg et al. 2015, Eq. 5; as
 * deformable attention samples, Zhu et al. 2021). Gradients flow to both. Channels pass.
 */
export const sample: Op<null> = {
  kind: 'sample',
  describe(on, _, [x, points]) {
    const [, , channels] = imageOf(on, x!);
    if (points!.shape.length !== 2 || points!.shape[1] !== 2) {
      on.refuse(`Points of ${text(points!.shape)} are no list of (x, y).`, 'give [K, 2] for each image.');
    }
    on.pin(points!);
    return { shape: [points!.shape[0]!, channels], spaces: x!.spaces, stride: 0 };
  },
  execute(_, __, [x, points]) {
    const [batch, height, width, channels] = x!.shape as [number, number, number, number];
    const rows_BNC = tf.reshape(x!, [batch, height * width, channels]) as tf.Tensor3D;
    const [u_BK, v_BK] = tf.unstack(tf.sub(tf.mul(points!, [width, height]), 0.5), 2) as [
      tf.Tensor,
      tf.Tensor,
    ];
    const [left_BK, top_BK] = [tf.floor(u_BK), tf.floor(v_BK)];
    const [right_BK, bottom_BK] = [tf.sub(u_BK, left_BK), tf.sub(v_BK, top_BK)];
    const corners = [0, 1].flatMap((down) =>
      [0, 1].map((along) => {
        const [column_BK, row_BK] = [tf.add(left_BK, along), tf.add(top_BK, down)];
        const share_BK = tf.mul(
          along === 1 ? right_BK : tf.sub(1, right_BK),
          down === 1 ? bottom_BK : tf.sub(1, bottom_BK),
        );
        const inside_BK = tf.logicalAnd(within(column_BK, width), within(row_BK, height));
        const index_BK = tf.add(tf.mul(row_BK, width), column_BK);
        const found_BKC = takeRows(rows_BNC, orNone(index_BK, inside_BK));
        return tf.mul(found_BKC, tf.expandDims(share_BK, 2));
      }),
    );
    return tf.addN(corners);
  },
};

const within = (place: tf.Tensor, size: number): tf.Tensor =>
  tf.logicalAnd(tf.greaterEqual(place, 0), tf.less(place, size));

/** The index of a row, -1 beyond the image. */
const orNone = (index: tf.Tensor, inside: tf.Tensor): tf.Tensor2D =>
  tf.sub(tf.mul(tf.add(index, 1), tf.cast(inside, 'float32')), 1);
