// RoIAlign (He et al. 2017, section 3): what a feature map holds in a box, at a fixed size. Suffixes: N images, H
// height, W width, C channels, R boxes, P rows and Q columns of the result, S sampled points of a side, L pyramid levels.

import * as tf from '@tensorflow/tfjs-core';

export interface RoiAlignOptions {
  /** Rows and columns of the result. */
  readonly size: readonly [number, number];
  /**
   * Points along a side of each cell of the result; or `adaptive`, as many as its pixels on the map, rounded up, as
   * detectron2 and mmdetection choose, but no more than `most`, so that shapes do not depend on boxes.
   */
  readonly sampling: number | { readonly adaptive: true; readonly most: number };
  /** Whether pixels have their centres at a half, as in detectron2 and mmdetection; torchvision's detectors say no. */
  readonly aligned: boolean;
}

/** A map of a pyramid. */
export interface PyramidLevel {
  readonly features_NHWC: tf.Tensor4D;
  /** Pixels of the image per pixel of the map. */
  readonly stride: number;
}

/** Boxes of images. */
export interface Rois {
  /** [R, 4], in pixels of the image. */
  readonly boxes_R4: tf.Tensor2D;
  /** [R], int32: the image of each. */
  readonly images_R: tf.Tensor1D;
  /** [R], int32: the level of each. */
  readonly levels_R: tf.Tensor1D;
}

/**
 * The features [R, P, Q, C] of boxes: means of bilinear samples. Differentiable in the features. Boxes may lie outside
 * of the image, where features are 0 one pixel beyond the border. Whoever pads `rois` ignores what comes of it.
 */
export function roiAlign(
  pyramid: readonly PyramidLevel[],
  { boxes_R4, images_R, levels_R }: Rois,
  { size, sampling, aligned }: RoiAlignOptions,
): tf.Tensor4D {
  return tf.tidy(() => {
    const [rows, columns] = size;
    const [count, channels] = [boxes_R4.shape[0], pyramid[0]!.features_NHWC.shape[3]];
    const levels = pyramid.map(({ features_NHWC }) =>
      tf.reshape(features_NHWC, [features_NHWC.shape[0], -1, channels]),
    );
    // All levels of an image, then those of the next.
    const joined = tf.concat(levels, 1);
    const table = tf.reshape(joined, [-1, channels]);
    const level = levelFacts(pyramid, levels_R);
    const [x0, y0, x1, y1] = tf.split(boxes_R4, 4, 1).map((side) => tf.reshape(side, [-1])) as Side[];
    const of = (low: Side, high: Side, cells: number, length: tf.Tensor1D): Samples =>
      samplesOf({ low, high, scale: level.scale_R, length, cells, sampling, aligned });
    const y = of(y0!, y1!, rows, level.height_R);
    const x = of(x0!, x1!, columns, level.width_R);

    const [ys, xs] = [y.at.shape[1], x.at.shape[1]];
    const start = tf.add(level.start_R, tf.mul(images_R, joined.shape[1]!));
    const rowStart = tf.add(
      tf.reshape(start, [count, 1]),
      tf.mul(y.at, tf.reshape(level.width_R, [count, 1])),
    );
    const index = tf.add(tf.reshape(rowStart, [count, ys, 1]), tf.reshape(x.at, [count, 1, xs]));
    const samples = tf.gather(table, tf.cast(tf.reshape(index, [-1]), 'int32'));
    // First over the rows that make a row of the result, then over columns: both are products of matrices.
    const perRow = tf.matMul(
      tf.reshape(y.weight, [count * rows, 1, ys / rows]),
      tf.reshape(samples, [count * rows, ys / rows, xs * channels]) as tf.Tensor3D,
    );
    const weight_RPQ = tf.tile(tf.reshape(x.weight, [count, 1, xs]), [1, rows, 1]);
    const perCell = tf.matMul(
      tf.reshape(weight_RPQ, [count * rows * columns, 1, xs / columns]),
      tf.reshape(perRow, [count * rows * columns, xs / columns, channels]) as tf.Tensor3D,
    );
    return tf.reshape(perCell, [count, rows, columns, channels]);
  });
}

type Side = tf.Tensor1D;

/** Where the features of a side are taken from, [R, cells * 2 S]: two neighbours of every sampled point. */
interface Samples {
  /** Position on the map. */
  readonly at: tf.Tensor2D;
  readonly weight: tf.Tensor2D;
}

interface SideOptions extends Pick<RoiAlignOptions, 'sampling' | 'aligned'> {
  readonly low: Side;
  readonly high: Side;
  readonly scale: Side;
  /** Of the map along this side. */
  readonly length: Side;
  readonly cells: number;
}

function samplesOf({ low, high, scale, length, cells, sampling, aligned }: SideOptions): Samples {
  const count = low.shape[0];
  const most = typeof sampling === 'number' ? sampling : sampling.most;
  const shift = aligned ? 0.5 : 0;
  const from = tf.sub(tf.mul(low, scale), shift);
  const extent = tf.sub(tf.sub(tf.mul(high, scale), shift), from);
  const side = aligned ? extent : tf.maximum(extent, 1);
  const cell = tf.div(side, cells);
  const points =
    typeof sampling === 'number' ? tf.tensor1d([sampling]) : tf.minimum(tf.maximum(tf.ceil(cell), 0), most);
  const divisor = tf.maximum(points, 1);

  const column = (x: tf.Tensor): tf.Tensor3D => tf.reshape(x, [x.shape[0], 1, 1]);
  const place = tf.reshape(tf.range(0, most), [1, 1, most]);
  const inCell = tf.div(tf.mul(tf.add(place, 0.5), column(cell)), column(divisor));
  const cellStart = tf.reshape(tf.range(0, cells), [1, cells, 1]);
  // In the order of the reference code: points at the very border depend on the last digit.
  const at = tf.add(tf.add(column(from), tf.mul(cellStart, column(cell))), inCell);
  const last = column(tf.sub(length, 1));
  const inside = tf.logicalAnd(
    tf.logicalAnd(tf.greaterEqual(at, -1), tf.lessEqual(at, column(length))),
    tf.less(place, column(points)),
  );
  const held = tf.minimum(tf.maximum(at, 0), last);
  const lower = tf.floor(held);
  const upper = tf.minimum(tf.add(lower, 1), last);
  const part = tf.sub(held, lower);
  const share = tf.div(tf.cast(inside, 'float32'), column(divisor));
  const both = (a: tf.Tensor, b: tf.Tensor): tf.Tensor2D =>
    tf.reshape(tf.stack([a, b], -1), [count, cells * most * 2]);
  return { at: both(lower, upper), weight: both(tf.mul(share, tf.sub(1, part)), tf.mul(share, part)) };
}

/** Of the level of every box [R]: its scale, its size, and where it begins among the rows of an image. */
function levelFacts(
  pyramid: readonly PyramidLevel[],
  levels_R: tf.Tensor1D,
): Readonly<Record<'scale_R' | 'height_R' | 'width_R' | 'start_R', tf.Tensor1D>> {
  let start = 0;
  const facts = pyramid.map(({ features_NHWC: { shape }, stride }) => {
    const row = [1 / stride, shape[1], shape[2], start];
    start += shape[1] * shape[2];
    return row;
  });
  const of = (fact: number): tf.Tensor1D => tf.gather(tf.tensor1d(facts.map((row) => row[fact]!)), levels_R);
  return { scale_R: of(0), height_R: of(1), width_R: of(2), start_R: of(3) };
}
