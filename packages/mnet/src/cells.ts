// f_j: the K stacked LSTM cells of one astrocyte. Its pre-neurons are the batch, the modulation iteration
// is the time (section 6).
//
// Suffixes: F pre-neurons of the astrocyte, D hidden size.

import { type Params, param } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

/** State of one cell. It outlives the iteration, so it is checkpointed with the run. */
export interface CellState {
  readonly h_FD: tf.Tensor2D;
  readonly c_FD: tf.Tensor2D;
}

/**
 * One iteration of the stack of astrocyte j: every cell reads the input plus the sum of all earlier cells'
 * outputs, and the output is the sum of all. Borrows its arguments; the caller owns the results.
 */
export function stepCells(
  phi: Params,
  j: number,
  x_FD: tf.Tensor2D,
  states: readonly CellState[],
): { readonly out_FD: tf.Tensor2D; readonly states: readonly CellState[] } {
  let sum_FD: tf.Tensor2D | undefined;
  const next = states.map((state, k) => {
    const input_FD: tf.Tensor2D = sum_FD === undefined ? x_FD : tf.add(x_FD, sum_FD);
    const stepped = lstmCell(phi, `astro.${j}.cells.${k}`, input_FD, state);
    sum_FD = sum_FD === undefined ? stepped.h_FD : tf.add(sum_FD, stepped.h_FD);
    return stepped;
  });
  return { out_FD: sum_FD!, states: next };
}

/** Hochreiter & Schmidhuber 1997 with forget gate; gate order i, f, g, o; one bias. */
function lstmCell(phi: Params, name: string, input_FD: tf.Tensor2D, { h_FD, c_FD }: CellState): CellState {
  const from = (x_FD: tf.Tensor2D, kernel: string): tf.Tensor =>
    tf.matMul(x_FD, param(phi, `${name}.${kernel}`) as tf.Tensor2D);
  const gates = tf.add(
    tf.add(from(input_FD, 'wx'), from(h_FD, 'wh')),
    param(phi, `${name}.b`),
  ) as tf.Tensor2D;
  const [i, f, g, o] = tf.split(gates, 4, 1) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
  const nextC_FD: tf.Tensor2D = tf.add(tf.mul(tf.sigmoid(f), c_FD), tf.mul(tf.sigmoid(i), tf.tanh(g)));
  return { h_FD: tf.mul(tf.sigmoid(o), tf.tanh(nextC_FD)), c_FD: nextC_FD };
}
