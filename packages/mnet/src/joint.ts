// U: how astrocytes hear each other (section 5).
//
// Suffixes: F pre-neurons of the astrocyte, D hidden size, M astrocytes.

import type { Params } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { denseOf } from './features.ts';
import type { MNetOptions } from './options.ts';

export interface Context {
  /** obar^{t-1}: the mean outputs of all astrocytes at the previous iteration. */
  readonly previous_MD: tf.Tensor2D;
  /** obar^t of astrocyte j - 1; undefined for the first one. */
  readonly neighbour_1D: tf.Tensor2D | undefined;
}

/** x_j^t, the input of astrocyte j's cells: its features plus what it hears over time and along the chain. */
export function hear(
  phi: Params,
  j: number,
  features_FD: tf.Tensor2D,
  { previous_MD, neighbour_1D }: Context,
  { temporal, chain }: Pick<MNetOptions, 'temporal' | 'chain'>,
): tf.Tensor2D {
  const [astrocytes, hidden] = previous_MD.shape;
  let x_FD = features_FD;
  if (temporal !== 'none') {
    const heard =
      temporal === 'all'
        ? tf.reshape(previous_MD, [1, astrocytes * hidden])
        : tf.slice(previous_MD, [j, 0], [1, hidden]);
    x_FD = tf.add(x_FD, denseOf(phi, `astro.${j}.temporal`, heard));
  }
  if (chain && neighbour_1D !== undefined)
    x_FD = tf.add(x_FD, denseOf(phi, `astro.${j}.chain`, neighbour_1D));
  return x_FD;
}
