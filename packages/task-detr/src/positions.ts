// Where in an image a token of its feature map is. Suffixes: B images, H and W rows and columns of the map, D channels.

import type { Op } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Which positions of a map [h, w, C] are of the image and not of its padding: [h, w, 1] of 1 and 0. The inputs are the
 * images [H, W, 3], the map, and their sizes without padding, [2] of height and width, or nothing where no image is
 * padded. A position is what its first pixel is, as nearest-neighbour resizing of a mask says.
 */
export const mapMask: Op<null> = {
  kind: 'detr.mapMask',
  describe(on, _, [images, map, sizes]) {
    const [[height, width], [rows, columns]] = [images!.shape, map!.shape];
    if (images!.shape.length !== 3 || map!.shape.length !== 3 || rows! > height! || columns! > width!) {
      on.refuse(
        `A map of [${map!.shape.join(', ')}] is not one of images of [${images!.shape.join(', ')}].`,
        'give images [H, W, C] and a map of them that is not larger.',
      );
    }
    if (sizes !== undefined && sizes.shape.join() !== '2') {
      on.refuse(
        `Sizes of [${sizes.shape.join(', ')}] are no height and width.`,
        'give [2] for each image: its height and width without padding.',
      );
    }
    return { shape: [rows!, columns!, 1], spaces: [on.positions(1)], stride: map!.stride };
  },
  execute(_, __, [images, map, sizes]) {
    const [batch, rows, columns] = map!.shape as [number, number, number];
    if (sizes === undefined) return tf.ones([batch, rows, columns, 1]);
    const [height_B1, width_B1] = tf.split(tf.cast(sizes, 'float32'), 2, 1) as [tf.Tensor, tf.Tensor];
    const inside = (side: number, count: number, size_B1: tf.Tensor): tf.Tensor => {
      const pixel = Float32Array.from({ length: count }, (___, i) => Math.floor((i * side) / count));
      return tf.cast(tf.less(tf.tensor2d(pixel, [1, count]), size_B1), 'float32');
    };
    const row_BH = inside(images!.shape[1]!, rows, height_B1);
    const column_BW = inside(images!.shape[2]!, columns, width_B1);
    return tf.mul(tf.reshape(row_BH, [-1, rows, 1, 1]), tf.reshape(column_BW, [-1, 1, columns, 1]));
  },
};

export interface SinePositionOptions {
  /** Channels of the embedding: the first half is of rows, the other of columns. */
  readonly width: number;
}

const TEMPERATURE = 10_000;
const EPSILON = 1e-6;

/**
 * Sines and cosines of the place in the image (Carion et al. 2020, appendix A.4; after Vaswani et al. 2017, section
 * 3.5), as tokens [H W, D] of a mask [H, W, 1] of what is not padding. Places run from 0 to 2 pi over what is there; rows
 * come before columns, and sines and cosines take turns.
 */
export const sinePositions: Op<SinePositionOptions> = {
  kind: 'detr.sinePositions',
  describe(on, _, [mask], { width }) {
    if (width % 4 !== 0) {
      on.refuse(`Positions cannot have ${width} channels.`, 'use a width that is a multiple of 4.');
    }
    const [rows, columns] = mask!.shape as [number, number];
    return { shape: [rows * columns, width], spaces: [on.positions(width)], stride: mask!.stride };
  },
  execute(_, __, [mask], { width }) {
    const [batch, rows, columns] = mask!.shape as [number, number, number];
    const there_BHW = tf.reshape(mask!, [batch, rows, columns]);
    const pairs = width / 4;
    const frequency = Float32Array.from({ length: pairs }, (___, i) => TEMPERATURE ** (-i / pairs));
    const along = (axis: 1 | 2): tf.Tensor => {
      const place = tf.cumsum(there_BHW, axis);
      const count = axis === 1 ? rows : columns;
      const last = tf.slice(
        place,
        axis === 1 ? [0, count - 1, 0] : [0, 0, count - 1],
        axis === 1 ? [-1, 1, -1] : [-1, -1, 1],
      );
      const angle = tf.mul(tf.div(place, tf.add(last, EPSILON)), 2 * Math.PI);
      const angles = tf.mul(tf.reshape(angle, [batch, rows * columns, 1]), frequency);
      const turns = tf.stack([tf.sin(angles), tf.cos(angles)], -1);
      return tf.reshape(turns, [batch, rows * columns, 2 * pairs]);
    };
    return tf.concat([along(1), along(2)], -1);
  },
};
