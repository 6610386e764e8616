// RoIAlign (He et al. 2017, section 3): what a feature map holds in a box, at a fixed size. Suffixes: N or B images, H
// height, W width, C channels, R boxes (of an image, or of all), P rows and Q columns of the result, S sampled points of a
// side, L pyramid levels.

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

/** Boxes of images, as many of each. */
export interface Rois {
  /** [B, R, 4], in pixels of the image. */
  readonly boxes_BR4: tf.Tensor3D;
  /** [B, R], int32: the level of each. */
  readonly levels_BR: tf.Tensor2D;
}

/** How it is computed; results differ by rounding alone. */
export type RoiAlignPath = 'gather' | 'products';

/**
 * The features [B, R, P, Q, C] of boxes: means of bilinear samples. Differentiable in the features. Boxes may lie outside
 * of the image, where features are 0 one pixel beyond the border. Whoever pads `rois` ignores what comes of it.
 *
 * What is sampled is a product of matrices, of rows and of columns, on either side of the map. Small maps are multiplied
 * whole; of large ones, samples are gathered. `path` decides otherwise.
 */
export function roiAlign(
  pyramid: readonly PyramidLevel[],
  { boxes_BR4, levels_BR }: Rois,
  options: RoiAlignOptions,
  path: RoiAlignPath = pathOf(pyramid, options),
): tf.Tensor5D {
  return tf.tidy(() => {
    const [batch, each] = boxes_BR4.shape;
    const count = batch * each;
    const channels = pyramid[0]!.features_NHWC.shape[3];
    const levels_R: tf.Tensor1D = tf.reshape(levels_BR, [count]);
    const level = levelFacts(pyramid, levels_R);
    const sides = tf.split(tf.reshape(boxes_BR4, [count, 4]), 4, 1);
    const [x0, y0, x1, y1] = sides.map((side) => tf.reshape(side, [count])) as [Side, Side, Side, Side];
    const [rows, columns] = options.size;
    const places = {
      ...{ batch, each, levels_R, channels, rows, columns, level },
      y: samplesOf({
        ...options,
        low: y0,
        high: y1,
        scale: level.scale_R,
        length: level.height_R,
        cells: rows,
      }),
      x: samplesOf({
        ...options,
        low: x0,
        high: x1,
        scale: level.scale_R,
        length: level.width_R,
        cells: columns,
      }),
    };
    const aligned = path === 'gather' ? gathered(pyramid, places) : multiplied(pyramid, places);
    return tf.reshape(aligned, [batch, each, rows, columns, channels]) as tf.Tensor5D;
  });
}

/**
 * Multiply-adds of a product that take the time of one gathered number, with its part in the gradient, where numbers are
 * added one after the other (measured on a CPU with AVX2).
 */
const GATHERED = 200;

function pathOf(
  pyramid: readonly PyramidLevel[],
  { size: [rows, columns], sampling }: RoiAlignOptions,
): RoiAlignPath {
  const points = typeof sampling === 'number' ? sampling : sampling.most;
  const samples = rows * columns * (2 * points) ** 2;
  const sums = pyramid.map(({ features_NHWC: { shape } }) => rows * shape[2] * (shape[1] + columns));
  return sums.reduce((a, b) => a + b, 0) <= GATHERED * samples ? 'products' : 'gather';
}

/** Where the features of all boxes come from. */
interface Places {
  readonly batch: number;
  /** Boxes of an image. */
  readonly each: number;
  readonly levels_R: tf.Tensor1D;
  readonly channels: number;
  readonly rows: number;
  readonly columns: number;
  readonly level: LevelFacts;
  readonly y: Samples;
  readonly x: Samples;
}

/** [R P Q, 1, C]: every level times the weights of its rows, then of its columns; 0 for boxes of other levels. */
function multiplied(
  pyramid: readonly PyramidLevel[],
  { batch, each, levels_R, channels, rows, columns, y, x }: Places,
): tf.Tensor {
  const count = batch * each;
  return tf.addN(
    pyramid.map(({ features_NHWC }, l) => {
      const [, height, width] = features_NHWC.shape;
      const own_R11 = tf.reshape(tf.cast(tf.equal(levels_R, l), 'float32'), [count, 1, 1]);
      const ofRows_RPH = tf.mul(spread(y, rows, height), own_R11);
      const ofColumns_RQW = spread(x, columns, width);
      const perRow = tf.matMul(
        tf.reshape(ofRows_RPH, [batch, each * rows, height]) as tf.Tensor3D,
        tf.reshape(features_NHWC, [batch, height, width * channels]),
      );
      return tf.matMul(
        tf.tile(tf.reshape(ofColumns_RQW, [count, 1, columns, width]), [1, rows, 1, 1]),
        tf.reshape(perRow, [count, rows, width, channels]),
      );
    }),
  );
}

/** The weights of a side as rows of a matrix [R, cells, length]: what every pixel of the map gives to a cell. */
function spread({ at, weight }: Samples, cells: number, length: number): tf.Tensor3D {
  const [count, points] = at.shape;
  const per = [count, cells, points / cells, 1];
  const pixels = tf.reshape(tf.range(0, length), [1, 1, 1, length]);
  const taken = tf.cast(tf.equal(tf.reshape(at, per), pixels), 'float32');
  return tf.sum(tf.mul(taken, tf.reshape(weight, per)), 2);
}

/** The same from samples, those of all levels in one table. */
function gathered(
  pyramid: readonly PyramidLevel[],
  { batch, each, channels, rows, columns, level, y, x }: Places,
): tf.Tensor {
  const count = batch * each;
  // All levels of an image, then those of the next.
  const joined = tf.concat(
    pyramid.map(({ features_NHWC }) => tf.reshape(features_NHWC, [features_NHWC.shape[0], -1, channels])),
    1,
  );
  const table = tf.reshape(joined, [-1, channels]);
  const [ys, xs] = [y.at.shape[1], x.at.shape[1]];
  // Counted, so that an exported graph takes batches of every size.
  const ones_B1 = tf.add(tf.mul(tf.sum(tf.reshape(level.start_R, [batch, each]), 1, true), 0), 1);
  const image_BR = tf.add(tf.cumsum(ones_B1, 0, true), tf.zeros([1, each]));
  const start_R = tf.add(level.start_R, tf.mul(tf.reshape(image_BR, [count]), joined.shape[1]!));
  const rowStart = tf.add(
    tf.reshape(start_R, [count, 1]),
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
  return tf.matMul(
    tf.reshape(weight_RPQ, [count * rows * columns, 1, xs / columns]),
    tf.reshape(perRow, [count * rows * columns, xs / columns, channels]) as tf.Tensor3D,
  );
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

type LevelFacts = Readonly<Record<'scale_R' | 'height_R' | 'width_R' | 'start_R', tf.Tensor1D>>;

/** Of the level of every box [R]: its scale, its size, and where it begins among the rows of an image. */
function levelFacts(pyramid: readonly PyramidLevel[], levels_R: tf.Tensor1D): LevelFacts {
  let start = 0;
  const facts = pyramid.map(({ features_NHWC: { shape }, stride }) => {
    const row = [1 / stride, shape[1], shape[2], start];
    start += shape[1] * shape[2];
    return row;
  });
  const of = (fact: number): tf.Tensor1D => tf.gather(tf.tensor1d(facts.map((row) => row[fact]!)), levels_R);
  return { scale_R: of(0), height_R: of(1), width_R: of(2), start_R: of(3) };
}
