import type * as tf from '@tensorflow/tfjs-core';
import { windowAttention as attend } from '../attention.ts';
import type { Initializer } from '../init.ts';
import type { Op } from '../op.ts';
import { headsOf, imageOf } from '../shapes.ts';
import type { AttentionOptions } from './attention.ts';

export interface WindowAttentionOptions extends AttentionOptions {
  /** Side of a window; divides the height and the width. */
  readonly window: number;
  /** How far the windows lie below and to the right of the plain grid; ignored where one window covers the image. */
  readonly shift?: number;
}

/** Standard deviation of the bias of relative positions at the start (Liu et al. 2021). */
const BIAS_TABLE: Initializer = { kind: 'truncated-normal', std: 0.02 };

/**
 * Attention within windows of an image [B, H, W, D], with a learned bias for each relative position:
 * `<name>.relative_position_bias_table`, [(2 window - 1)^2, heads].
 */
export const windowAttention: Op<WindowAttentionOptions> = {
  kind: 'windowAttention',
  describe(on, name, [q, k, v], { headDim, window, shift = 0 }) {
    const [height, width, channels] = imageOf(on, q!);
    if (height % window !== 0 || width % window !== 0 || shift < 0 || shift >= window) {
      on.refuse(
        `Windows of ${window} x ${window}, shifted by ${shift}, do not tile ${height} x ${width} positions.`,
        'use images whose sides are multiples of the patch times the window, and a shift below the window.',
      );
    }
    on.macs(2 * height * width * window * window * channels);
    const mixed = headsOf(on, q!, k!, v!, headDim);
    const table = `${name}.relative_position_bias_table`;
    const shape = [(2 * window - 1) ** 2, channels / headDim];
    on.declare({ name: table, kind: 'embedding', shape, init: BIAS_TABLE, positions: 0 });
    on.attach(mixed, table, 1, 'norm', 'units');
    return mixed;
  },
  execute: (on, name, [q, k, v], { headDim, window, shift = 0 }) =>
    attend(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, {
      heads: q!.shape.at(-1)! / headDim,
      window,
      shift,
      table_PA: on.param(`${name}.relative_position_bias_table`) as tf.Tensor2D,
    }),
};
