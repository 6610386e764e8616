import type { Op } from '@ma-net/core';
import { roiAlign } from '@ma-net/detection';
import * as tf from '@tensorflow/tfjs-core';

/**
 * The value, on no path of a gradient: what is computed of it may be rounded, compared and used as an index. It goes into
 * the tape as a function of a number that nobody trains.
 */
function detached(x: tf.Tensor): tf.Tensor {
  const op = tf.customGrad((...args: unknown[]) => ({
    value: x.clone(),
    gradFunc: () => tf.zerosLike(args[0] as tf.Tensor),
  }));
  return op(tf.scalar(0));
}

export interface RoiFeaturesOptions {
  /** Pixels of the image per position of each level, the finest first. */
  readonly strides: readonly number[];
  /** Boxes with sides of twice as many pixels belong to the second level (Lin et al. 2017, equation 1). */
  readonly finest: number;
}

/** Rows and columns of a box, and points of a cell along each side. */
const SIZE = 7;
const SAMPLING = 2;

/**
 * What a pyramid holds in boxes: the inputs are boxes [Q, 4] of middle x, middle y, width and height as parts of the image
 * without its padding, its sizes [2] in pixels, and the levels [h, w, C]. Makes [Q, 49, C], cells row by row. Gradients
 * flow to the levels alone.
 */
export const roiFeatures: Op<RoiFeaturesOptions> = {
  kind: 'detr.roiFeatures',
  describe(on, _, [boxes, sizes, ...levels], { strides }) {
    const channels = levels[0]?.shape.at(-1);
    if (levels.length !== strides.length || levels.some(({ shape }) => shape.length !== 3)) {
      on.refuse(
        `${levels.length} levels were given for ${strides.length} strides.`,
        'give one [h, w, C] for each.',
      );
    }
    if (boxes!.shape.length !== 2 || boxes!.shape[1] !== 4 || sizes!.shape.join() !== '2') {
      on.refuse(
        `Boxes of [${boxes!.shape.join(', ')}] and sizes of [${sizes!.shape.join(', ')}] are none.`,
        'give [Q, 4] and [2] for each image.',
      );
    }
    const [queries] = boxes!.shape as [number];
    on.pin(boxes!);
    for (const level of levels.slice(1)) on.join(levels[0]!, level);
    on.macs(queries * SIZE * SIZE * SAMPLING * SAMPLING * 4 * channels!);
    return { shape: [queries, SIZE * SIZE, channels!], spaces: levels[0]!.spaces, stride: 0 };
  },
  execute(_, __, [boxes, sizes, ...levels], { strides, finest }) {
    const [batch, queries] = boxes!.shape as [number, number];
    const places = detached(boxes!);
    const [height, width] = tf.split(detached(tf.cast(sizes!, 'float32')), 2, 1) as [tf.Tensor, tf.Tensor];
    const scale = tf.reshape(tf.concat([width, height, width, height], 1), [-1, 1, 4]);
    const [middle, side] = tf.split(tf.mul(places, scale), 2, -1) as [tf.Tensor, tf.Tensor];
    const half = tf.mul(side, 0.5);
    const corners = tf.concat([tf.sub(middle, half), tf.add(middle, half)], -1);
    const rows = batch * queries;
    const [w, h] = tf.split(tf.reshape(side, [rows, 2]), 2, 1) as [tf.Tensor, tf.Tensor];
    const doublings = tf.log(tf.add(tf.div(tf.sqrt(tf.mul(w, h)), finest), 1e-6));
    const level = tf.clipByValue(tf.floor(tf.div(doublings, Math.LN2)), 0, levels.length - 1);
    const found = roiAlign(
      levels.map((features, l) => ({ features_NHWC: features as tf.Tensor4D, stride: strides[l]! })),
      {
        boxes_BR4: corners as tf.Tensor3D,
        levels_BR: tf.cast(tf.reshape(level, [batch, queries]), 'int32') as tf.Tensor2D,
      },
      { size: [SIZE, SIZE], sampling: SAMPLING, aligned: true },
    );
    return tf.reshape(found, [batch, queries, SIZE * SIZE, found.shape[4]]);
  },
};

/**
 * Features of queries [Q, P, C] times a matrix of each query, C rows of D, side by side [Q, C D]: [Q, P, D]. Every place
 * and channel is needed.
 */
export const queryProduct: Op<{ readonly out: number }> = {
  kind: 'detr.queryProduct',
  describe(on, _, [features, kernels], { out }) {
    const [queries, places, channels] = features!.shape as [number, number, number];
    if (features!.shape.length !== 3 || kernels!.shape.join() !== `${queries},${channels * out}`) {
      on.refuse(
        `Matrices of [${kernels!.shape.join(', ')}] do not fit features of [${features!.shape.join(', ')}].`,
        `give one of ${channels} rows and ${out} columns for each query.`,
      );
    }
    on.pin(features!);
    on.pin(kernels!);
    on.macs(queries * places * channels * out);
    return { shape: [queries, places, out], spaces: [on.positions(out)], stride: 0 };
  },
  execute(_, __, [features, kernels], { out }) {
    const [batch, queries, places, channels] = features!.shape as [number, number, number, number];
    const product = tf.matMul(
      tf.reshape(features!, [batch * queries, places, channels]) as tf.Tensor3D,
      tf.reshape(kernels!, [batch * queries, channels, out]) as tf.Tensor3D,
    );
    return tf.reshape(product, [batch, queries, places, out]);
  },
};

/** The places of each query one after the other: [Q, P, C] to [Q, P C]. None of them can be cut. */
export const flatPlaces: Op<null> = {
  kind: 'detr.flatPlaces',
  describe(on, _, [x]) {
    const [queries, places, channels] = x!.shape as [number, number, number];
    if (x!.shape.length !== 3) on.refuse('Only [Q, P, C] can be laid flat.', 'give places of queries.');
    on.pin(x!);
    return { shape: [queries, places * channels], spaces: [on.positions(places * channels)], stride: 0 };
  },
  execute(_, __, [x]) {
    const [batch, queries, places, channels] = x!.shape as [number, number, number, number];
    return tf.reshape(x!, [batch, queries, places * channels]);
  },
};

/** Boxes moved in logits: sigmoid(logit(box) + delta); boxes are kept away from 0 and 1, and get no gradient. */
export const refinedBoxes: Op<null> = {
  kind: 'detr.refinedBoxes',
  describe(on, _, [boxes, deltas]) {
    if (boxes!.shape.join() !== deltas!.shape.join()) {
      on.refuse(
        `Deltas of [${deltas!.shape.join(', ')}] do not fit boxes of [${boxes!.shape.join(', ')}].`,
        'give four for each box.',
      );
    }
    on.pin(boxes!);
    on.pin(deltas!);
    return deltas!;
  },
  execute(_, __, [boxes, deltas]) {
    const held = tf.clipByValue(detached(boxes!), NEAR, 1 - NEAR);
    const logit = tf.log(tf.div(held, tf.sub(1, held)));
    return tf.sigmoid(tf.add(logit, deltas!));
  },
};

const NEAR = 1e-5;
