// The regulariser of MNet (Eq. 9, section 9).
//
// Suffixes: M astrocytes, D hidden size, L their 2M representations.

import * as tf from '@tensorflow/tfjs-core';

/** Keeps the norm of an all-zero representation from dividing by zero. */
const NORM_FLOOR = 1e-12;

/** Out of reach of every similarity, so that exp() of it is 0. */
const EXCLUDED = -1e9;

/**
 * L_reg: the local and the global representation of an astrocyte should agree with each other more than
 * with those of other astrocytes. The local ones are the anchors; 0 for a single astrocyte.
 */
export function contrastiveLoss(local_MD: tf.Tensor2D, global_MD: tf.Tensor2D, tau: number): tf.Scalar {
  return tf.tidy(() => {
    const astrocytes = local_MD.shape[0];
    const anchors_MD = unitRows(local_MD);
    const all_LD = tf.concat([anchors_MD, unitRows(global_MD)], 0);
    const similarity_ML = tf.div(tf.matMul(anchors_MD, all_LD, false, true), tau);
    const positive_ML = identityBlock(astrocytes, astrocytes, 1);
    const self_ML = identityBlock(astrocytes, 0, EXCLUDED);
    const others_M = tf.logSumExp(tf.add(similarity_ML, self_ML), 1);
    return tf.sub(tf.sum(others_M), tf.sum(tf.mul(similarity_ML, positive_ML))) as tf.Scalar;
  });
}

function unitRows(x: tf.Tensor2D): tf.Tensor2D {
  return tf.div(x, tf.sqrt(tf.add(tf.sum(tf.mul(x, x), 1, true), NORM_FLOOR)));
}

/** [M, 2M], `value` where the column is the row plus `offset`, else 0. */
function identityBlock(rows: number, offset: number, value: number): tf.Tensor2D {
  const values = new Float32Array(rows * 2 * rows);
  for (let j = 0; j < rows; j++) values[j * 2 * rows + offset + j] = value;
  return tf.tensor2d(values, [rows, 2 * rows]);
}
