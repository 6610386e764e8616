// Images between their positions. Suffixes: B batch, H height, W width, C channels, K points.

import * as tf from '@tensorflow/tfjs-core';
import { takeRows } from './rows.ts';

/**
 * An image at columns `u` and rows `v`, counted in positions from the middle of the first: [B, K, C]. Between four
 * positions it is interpolated, and beyond the image it is 0. Gradients flow to the image and to the points; at a position
 * itself that of a point is the one towards larger numbers.
 */
export function sampleAt(x_BHWC: tf.Tensor4D, u_BK: tf.Tensor2D, v_BK: tf.Tensor2D): tf.Tensor3D {
  return tf.tidy(() => {
    const [batch, height, width, channels] = x_BHWC.shape;
    const rows_BNC = tf.reshape(x_BHWC, [batch, height * width, channels]) as tf.Tensor3D;
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
    return tf.addN(corners) as tf.Tensor3D;
  });
}

const within = (place: tf.Tensor, size: number): tf.Tensor =>
  tf.logicalAnd(tf.greaterEqual(place, 0), tf.less(place, size));

/** The index of a row, -1 beyond the image. */
const orNone = (index: tf.Tensor, inside: tf.Tensor): tf.Tensor2D =>
  tf.sub(tf.mul(tf.add(index, 1), tf.cast(inside, 'float32')), 1);
