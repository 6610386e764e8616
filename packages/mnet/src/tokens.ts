// What the astrocytes see: one token per pre-neuron and one per post-neuron (section 2).
//
// Suffixes: N pre-neurons of the network, P post-neurons, F and O those of one layer, R rows, W width of a
// row, S statistics of a row, B bins.

import { type ModulatedKernel, type Params, param } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { inverseOf, permuteRows, type RowOrder, rowOrder } from './rows.ts';

/** Keeps the gradient of the standard deviation finite where a row is constant (section 9, attach). */
const VARIANCE_FLOOR = 1e-12;

/** Numbers in the token of a pre-neuron: its row now, its row at the previous round, its layer. */
export const preTokenWidth = (bins: number): number => 2 * (bins + 4) + 4;

/** Numbers in the token of a post-neuron: its column now, its layer. */
export const postTokenWidth = (bins: number): number => bins + 8;

/** Layers whose rows (or columns) are equally long are pooled together. */
interface RowGroup {
  readonly layers: readonly number[];
  /** Averages of a row as a matrix product: the bins, then all of it. */
  readonly averages_WS: tf.Tensor2D;
}

/** Everything about tokens that only the shapes of the kernels decide. Its owner disposes it. */
export interface TokenConstants {
  readonly rowGroups: readonly RowGroup[];
  readonly columnGroups: readonly RowGroup[];
  /** From the order of the groups to that of the astrocytes. */
  readonly toAstrocytes: RowOrder;
  /** From the order of the groups to that of the layers. */
  readonly toLayers: RowOrder;
  readonly preMeta_N4: tf.Tensor2D;
  readonly postMeta_P4: tf.Tensor2D;
}

/** Uploads the constants and keeps them; `order` lists the pre-neurons by astrocyte. */
export function tokenConstants(
  kernels: readonly ModulatedKernel[],
  bins: number,
  order: Int32Array,
): TokenConstants {
  const group = (width: (k: ModulatedKernel) => number): RowGroup[] =>
    [...new Set(kernels.map(width))].map((w) => ({
      layers: [...kernels.keys()].filter((l) => width(kernels[l]!) === w),
      averages_WS: tf.keep(tf.tensor2d(averagingMatrix(w, bins), [w, bins + 1])),
    }));
  const rowGroups = group((k) => k.postNeurons);
  const columnGroups = group((k) => k.preNeurons);
  const grouped = inverseOf(
    groupedOrder(
      rowGroups,
      kernels.map((k) => k.preNeurons),
    ),
  );
  const preMeta = metaRows(kernels, (k) => k.preNeurons);
  return {
    rowGroups,
    columnGroups,
    toAstrocytes: rowOrder(order.map((n) => grouped[n]!)),
    toLayers: rowOrder(
      inverseOf(
        groupedOrder(
          columnGroups,
          kernels.map((k) => k.postNeurons),
        ),
      ),
    ),
    preMeta_N4: tf.keep(tf.tensor2d(Array.from(order, (n) => preMeta[n]!))),
    postMeta_P4: tf.keep(tf.tensor2d(metaRows(kernels, (k) => k.postNeurons))),
  };
}

/** Tokens of the pre-neurons in the order of the astrocytes, [N, 2(B+4)+4]. */
export function preTokens(
  kernels: readonly ModulatedKernel[],
  constants: TokenConstants,
  now: Params,
  previous: Params,
): tf.Tensor2D {
  const pooled = constants.rowGroups.map(({ layers, averages_WS }) => {
    const rowsOf = (d: Params): tf.Tensor2D[] =>
      layers.map((l) => param(d, kernels[l]!.param) as tf.Tensor2D);
    const both_RS = poolRows(tf.concat([...rowsOf(now), ...rowsOf(previous)], 0), averages_WS);
    const [now_RS, previous_RS] = tf.split(both_RS, 2, 0) as [tf.Tensor2D, tf.Tensor2D];
    return tf.concat([now_RS, previous_RS], 1);
  });
  return tf.concat([permuteRows(tf.concat(pooled, 0), constants.toAstrocytes), constants.preMeta_N4], 1);
}

/** Tokens of the post-neurons, layer by layer, [P, B+8]. */
export function postTokens(
  kernels: readonly ModulatedKernel[],
  constants: TokenConstants,
  now: Params,
): tf.Tensor2D {
  const pooled = constants.columnGroups.map(({ layers, averages_WS }) => {
    const columns = layers.map((l) => param(now, kernels[l]!.param) as tf.Tensor2D);
    return poolRows(tf.transpose(tf.concat(columns, 1)), averages_WS);
  });
  return tf.concat([permuteRows(tf.concat(pooled, 0), constants.toLayers), constants.postMeta_P4], 1);
}

/** pool(v) of every row: bins - 1, mean - 1, population standard deviation, min - 1, max - 1. */
function poolRows(rows_RW: tf.Tensor2D, averages_WS: tf.Tensor2D): tf.Tensor2D {
  const shifted_RW: tf.Tensor2D = tf.sub(rows_RW, 1);
  const centred_RW = tf.sub(shifted_RW, tf.mean(shifted_RW, 1, true));
  const variance_R1 = tf.mean(tf.mul(centred_RW, centred_RW), 1, true);
  return tf.concat(
    [
      tf.matMul(shifted_RW, averages_WS),
      tf.sqrt(tf.add(variance_R1, VARIANCE_FLOOR)),
      tf.min(shifted_RW, 1, true),
      tf.max(shifted_RW, 1, true),
    ] as tf.Tensor2D[],
    1,
  );
}

/** Column b averages entries floor(b w / B) .. ceil((b + 1) w / B) - 1; the last column all of them. */
function averagingMatrix(width: number, bins: number): Float32Array {
  const columns = bins + 1;
  const matrix = new Float32Array(width * columns);
  for (let b = 0; b < columns; b++) {
    const first = b === bins ? 0 : Math.floor((b * width) / bins);
    const end = b === bins ? width : Math.ceil(((b + 1) * width) / bins);
    for (let i = first; i < end; i++) matrix[i * columns + b] = 1 / (end - first);
  }
  return matrix;
}

/** Row numbers, counted layer by layer, in the order in which the groups hold them. */
function groupedOrder(groups: readonly RowGroup[], rowsPerLayer: readonly number[]): Int32Array {
  const starts = rowsPerLayer.map((_, l) => rowsPerLayer.slice(0, l).reduce((a, b) => a + b, 0));
  const rows = groups.flatMap(({ layers }) =>
    layers.flatMap((l) => Array.from({ length: rowsPerLayer[l]! }, (_, i) => starts[l]! + i)),
  );
  return Int32Array.from(rows);
}

/** [depth, ln(F)/8, ln(O)/8, width/7] of the layer, once per row. */
function metaRows(kernels: readonly ModulatedKernel[], count: (k: ModulatedKernel) => number): number[][] {
  return kernels.flatMap((kernel, l) => {
    const { preNeurons, postNeurons, width } = kernel;
    const meta = [(l + 0.5) / kernels.length, Math.log(preNeurons) / 8, Math.log(postNeurons) / 8, width / 7];
    return Array.from({ length: count(kernel) }, () => meta);
  });
}
