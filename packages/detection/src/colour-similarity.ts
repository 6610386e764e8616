// Which pixels of an image look alike (Tian et al. 2021, BoxInst, section 3.2). Suffixes: B batch, H height, W width in
// pixels; h and w in cells of `CELL` pixels.

import * as tf from '@tensorflow/tfjs-core';
import { NEIGHBOURS } from './box-supervision.ts';

/** Pixels along the side of a cell: colours are compared where the masks are. */
export const CELL = 4;

/** White of daylight, D65, seen by the observer of 2 degrees. */
const WHITE = [0.95047, 1, 1.08883] as const;
/** From linear RGB to XYZ (IEC 61966-2-1); a row for each of X, Y and Z. */
const XYZ = [
  [0.412453, 0.35758, 0.180423],
  [0.212671, 0.71516, 0.072169],
  [0.019334, 0.119193, 0.950227],
] as const;

/** Linear light of the 256 values of a channel. */
const LINEAR = Float32Array.from({ length: 256 }, (_, value) => {
  const v = value / 255;
  return v > 0.04045 ? ((v + 0.055) / 1.055) ** 2.4 : v / 12.92;
});

/** Mean colour of every cell, without what is behind the point: `rgb_BHW3` from 0 to 255, [B, h, w, 3]. */
export function cellColours(rgb_BHW3: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => tf.floor(tf.avgPool(rgb_BHW3, CELL, CELL, 0)));
}

/** CIE Lab of colours [..., 3] of whole numbers from 0 to 255. */
export function labOf(rgb: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const linear = tf.gather(tf.tensor1d(LINEAR), tf.reshape(tf.cast(rgb, 'int32'), [-1]));
    const toXyz = tf.tensor2d(
      [0, 1, 2].map((from) => XYZ.map((row, to) => row[from]! / WHITE[to]!)),
      [3, 3],
    );
    const t = tf.matMul(tf.reshape(linear, [-1, 3]) as tf.Tensor2D, toXyz);
    const cubic = tf.pow(tf.maximum(t, 1e-6), 1 / 3);
    const f = tf.where(tf.greater(t, 0.008856), cubic, tf.add(tf.mul(t, 7.787), 16 / 116));
    const [x, y, z] = tf.split(f, 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const lab = [tf.sub(tf.mul(y, 116), 16), tf.mul(tf.sub(x, y), 500), tf.mul(tf.sub(y, z), 200)];
    return tf.reshape(tf.concat(lab, 1), rgb.shape);
  });
}

/**
 * exp(-|difference in Lab| / 2) of every cell and its neighbours [B, h, w, 8], in the order of `NEIGHBOURS`; 0 where the
 * neighbour does not count: beyond the border, or where `valid_Bhw` is 0.
 */
export function colourSimilarity(lab_Bhw3: tf.Tensor4D, valid_Bhw: tf.Tensor3D): tf.Tensor4D {
  return tf.tidy(() => {
    const [, height, width] = valid_Bhw.shape;
    const sides: [number, number] = [2, 2];
    const colours = tf.pad(lab_Bhw3, [[0, 0], sides, sides, [0, 0]]);
    const counts = tf.pad(valid_Bhw, [[0, 0], sides, sides]);
    const similar = NEIGHBOURS.map(([row, column]) => {
      const there = tf.slice(colours, [0, 2 + row, 2 + column, 0], [-1, height, width, -1]);
      const counted = tf.slice(counts, [0, 2 + row, 2 + column], [-1, height, width]);
      const distance = tf.sqrt(tf.sum(tf.square(tf.sub(lab_Bhw3, there)), -1));
      return tf.mul(tf.exp(tf.mul(distance, -0.5)), counted);
    });
    return tf.stack(similar, -1) as tf.Tensor4D;
  });
}

/** Of which pixels along the sides, [height, width] cells, the masks are: the middle of each. */
const middles = (cells: number): tf.Tensor1D =>
  tf.add(tf.mul(tf.range(0, cells, 1, 'float32'), CELL), CELL / 2);

/**
 * 1 where a cell lies in the image, and not in its lowest part: `sizes_B2` is height and width in pixels, without
 * padding, `lowest_B` how many rows at the bottom do not count. [B, h, w].
 */
export function validCells(
  sizes_B2: tf.Tensor,
  lowest_B: tf.Tensor,
  [height, width]: readonly [number, number],
): tf.Tensor3D {
  return tf.tidy(() => {
    const [rows_B1, columns_B1] = tf.split(tf.cast(sizes_B2, 'float32'), 2, 1) as [tf.Tensor, tf.Tensor];
    const last_B1 = tf.sub(rows_B1, tf.reshape(tf.cast(lowest_B, 'float32'), [-1, 1]));
    const down = tf.cast(tf.less(tf.reshape(middles(height), [1, height]), last_B1), 'float32');
    const along = tf.cast(tf.less(tf.reshape(middles(width), [1, width]), columns_B1), 'float32');
    return tf.mul(tf.expandDims(down, 2), tf.expandDims(along, 1)) as tf.Tensor3D;
  });
}

/** 1 in the cells whose middle is in a box of `boxes_I4` (x0, y0, x1, y1), counted as AdelaiDet does: [I, h, w]. */
export function boxCells(boxes_I4: tf.Tensor2D, [height, width]: readonly [number, number]): tf.Tensor3D {
  return tf.tidy(() => {
    const [x0, y0, x1, y1] = tf.split(boxes_I4, 4, 1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    const within = (from: tf.Tensor, to: tf.Tensor, cells: number): tf.Tensor => {
      const at = tf.reshape(middles(cells), [1, cells]);
      const begun = tf.greaterEqual(at, tf.floor(from));
      return tf.cast(tf.logicalAnd(begun, tf.less(at, tf.floor(tf.add(to, 1)))), 'float32');
    };
    const [down, along] = [within(y0, y1, height), within(x0, x1, width)];
    return tf.mul(tf.expandDims(down, 2), tf.expandDims(along, 1)) as tf.Tensor3D;
  });
}
