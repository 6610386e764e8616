// Layers as functions of their weights. Every constant is explicit: nothing numeric comes from a backend.
//
// Suffixes: B batch, H height, W width, C channels, I inputs, O outputs, D width.

import * as tf from '@tensorflow/tfjs-core';
import { type Dilated, dilatedConv } from './dilated.ts';
import type { StepRanks } from './network.ts';

export const NORM_EPSILON = 1e-5;
export const BATCH_NORM_MOMENTUM = 0.1;

/** Convolution with the same zero padding on every side, also for stride 2. */
export function conv2d(
  x_BHWI: tf.Tensor4D,
  kernel_HWIO: tf.Tensor4D,
  { stride, pad, dilation = 1 }: Pick<Dilated, 'stride' | 'pad'> & Partial<Dilated>,
): tf.Tensor4D {
  if (dilation !== 1) return dilatedConv(x_BHWI, kernel_HWIO, { stride, pad, dilation });
  return tf.conv2d(x_BHWI, kernel_HWIO, stride, pad);
}

/** x W + b over the last axis. */
export function dense(x: tf.Tensor, kernel_IO: tf.Tensor2D, bias_O?: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const [inputs, outputs] = kernel_IO.shape;
    const rows = x.rank === 2 ? (x as tf.Tensor2D) : tf.reshape(x, [-1, inputs]);
    const product = tf.matMul(rows as tf.Tensor2D, kernel_IO);
    const y = bias_O === undefined ? product : tf.add(product, bias_O);
    return x.rank === 2 ? y : tf.reshape(y, [...x.shape.slice(0, -1), outputs]);
  });
}

export interface Affine {
  readonly gain_C: tf.Tensor1D;
  readonly offset_C: tf.Tensor1D;
}

export interface RunningMoments {
  readonly mean_C: tf.Tensor1D;
  readonly variance_C: tf.Tensor1D;
}

/**
 * Batch normalisation with the moments of the batch (Ioffe & Szegedy 2015): biased variance in the
 * output, unbiased variance in the running statistics, running = (1 - momentum) running + momentum batch.
 * With `ranks` the batch is that of all of them.
 */
export function batchNorm(
  x: tf.Tensor,
  affine: Affine,
  running: RunningMoments,
  momentum: number | tf.Scalar = BATCH_NORM_MOMENTUM,
  ranks?: Pick<StepRanks, 'size' | 'mean'>,
): { readonly y: tf.Tensor; readonly running: RunningMoments } {
  return tf.tidy(() => {
    const axes = x.shape.slice(0, -1).map((_, i) => i);
    const count = ((ranks?.size ?? 1) * x.size) / x.shape.at(-1)!;
    const over = (moment: tf.Tensor1D): tf.Tensor1D =>
      ranks === undefined ? moment : (ranks.mean(moment) as tf.Tensor1D);
    const mean_C = over(tf.mean(x, axes));
    const centred = tf.sub(x, mean_C);
    const variance_C = over(tf.mean(tf.mul(centred, centred), axes));
    const unbiased_C: tf.Tensor1D = tf.mul(variance_C, count / Math.max(1, count - 1));
    const towards = (old: tf.Tensor1D, batch: tf.Tensor1D): tf.Tensor1D =>
      tf.add(old, tf.mul(tf.sub(batch, old), momentum));
    return {
      y:
        ranks === undefined
          ? normalise(x, affine, centred, variance_C, axes)
          : scaled(centred, affine, variance_C),
      running: {
        mean_C: towards(running.mean_C, mean_C),
        variance_C: towards(running.variance_C, unbiased_C),
      },
    };
  });
}

/** gain xhat + offset, whose gradient goes through the moments: those are not of `centred` alone. */
function scaled(centred: tf.Tensor, { gain_C, offset_C }: Affine, variance_C: tf.Tensor1D): tf.Tensor {
  const inverse_C = tf.rsqrt(tf.add(variance_C, NORM_EPSILON));
  return tf.add(tf.mul(centred, tf.mul(gain_C, inverse_C)), offset_C);
}

/** Batch normalisation with the running statistics: one multiply-add per number. */
export function runningBatchNorm(
  x: tf.Tensor,
  { gain_C, offset_C }: Affine,
  running: RunningMoments,
): tf.Tensor {
  return tf.tidy(() => {
    const scale_C = tf.mul(gain_C, tf.rsqrt(tf.add(running.variance_C, NORM_EPSILON)));
    return tf.add(tf.mul(x, scale_C), tf.sub(offset_C, tf.mul(running.mean_C, scale_C)));
  });
}

/**
 * gain xhat + offset with xhat = centred / sigma, where the moments are those of x itself. The gradient is
 * written out, because it takes half the passes over memory of the composed one:
 * dx = gain / sigma (dy - mean(dy) - xhat mean(dy xhat)).
 */
function normalise(
  x: tf.Tensor,
  { gain_C, offset_C }: Affine,
  centred: tf.Tensor,
  variance_C: tf.Tensor1D,
  axes: number[],
): tf.Tensor {
  const perCount = -x.shape.at(-1)! / x.size;
  const inverse_C = tf.rsqrt(tf.add(variance_C, NORM_EPSILON));
  const op = tf.customGrad((...args: unknown[]) => {
    const [, gain, offset, save] = args as [tf.Tensor, tf.Tensor1D, tf.Tensor1D, tf.GradSaveFunc];
    save([centred, gain, inverse_C]);
    return {
      value: tf.add(tf.mul(centred, tf.mul(gain, inverse_C)), offset),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [xc, g, inv] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
        const dOffset_C = tf.sum(dy, axes);
        const dGain_C = tf.mul(tf.sum(tf.mul(dy, xc), axes), inv);
        // dx = a dy + (b (x - mean) + d), one coefficient of each kind per channel.
        const a_C = tf.mul(g, inv);
        const b_C = tf.mul(tf.mul(tf.mul(a_C, inv), dGain_C), perCount);
        const d_C = tf.mul(tf.mul(a_C, dOffset_C), perCount);
        return [tf.add(tf.mul(dy, a_C), tf.add(tf.mul(xc, b_C), d_C)), dGain_C, dOffset_C];
      },
    };
  });
  return op(x, gain_C, offset_C);
}

/**
 * Layer normalisation over the last axis (Ba et al. 2016), biased variance. The gradient is written out, because it takes
 * half the passes over memory of the composed one: dx = (a - mean(a) - xhat mean(a xhat)) / sigma with a = gain dy.
 */
export function layerNorm(x: tf.Tensor, gain_D: tf.Tensor, offset_D: tf.Tensor, epsilon: number): tf.Tensor {
  return tf.tidy(() => {
    const rows = x.shape.slice(0, -1).map((_, i) => i);
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.mul(centred, centred), -1, true), epsilon));
    const normal = tf.mul(centred, inverse);
    const op = tf.customGrad((...args: unknown[]) => {
      const [, gain, offset, save] = args as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
      save([normal, inverse, gain]);
      return {
        value: tf.add(tf.mul(normal, gain), offset),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
          const [xhat, inv, g] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
          const a = tf.mul(dy, g);
          const along = tf.mul(xhat, tf.mean(tf.mul(a, xhat), -1, true));
          const dx = tf.mul(tf.sub(tf.sub(a, tf.mean(a, -1, true)), along), inv);
          return [dx, tf.sum(tf.mul(dy, xhat), rows), tf.sum(dy, rows)];
        },
      };
    });
    return op(x, gain_D, offset_D);
  });
}

/**
 * x Phi(x), with the exact normal distribution function (Hendrycks & Gimpel 2016), not the tanh fit. Its derivative
 * Phi(x) + x phi(x) is written out: with u = x / sqrt(2), x phi(x) = u exp(-u^2) / sqrt(pi).
 */
export function gelu(x: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const u = tf.mul(x, Math.SQRT1_2);
    const below = tf.mul(tf.add(tf.erf(u), 1), 0.5);
    const op = tf.customGrad((...args: unknown[]) => {
      const [x_, save] = args as [tf.Tensor, tf.GradSaveFunc];
      save([u, below]);
      return {
        value: tf.mul(x_, below),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
          const [v, phi] = saved as [tf.Tensor, tf.Tensor];
          const density = tf.exp(tf.sub(-Math.log(Math.PI) / 2, tf.square(v)));
          return tf.mul(dy, tf.add(phi, tf.mul(v, density)));
        },
      };
    });
    return op(x);
  });
}

interface Pool {
  readonly kernel: number;
  readonly stride: number;
  readonly pad?: number;
}

/** Largest of each window; padding never wins. */
export function maxPool(x_BHWC: tf.Tensor4D, { kernel, stride, pad = 0 }: Pool): tf.Tensor4D {
  return tf.maxPool(x_BHWC, kernel, stride, pad);
}

/** Mean of each window, padding left out of the count. */
export function avgPool(x_BHWC: tf.Tensor4D, { kernel, stride, pad = 0 }: Pool): tf.Tensor4D {
  if (pad === 0) return tf.avgPool(x_BHWC, kernel, stride, 0);
  // tfjs leaves the padding out of the count forwards, but not in its gradient: count here.
  return tf.tidy(() => {
    const averaged = (x: tf.Tensor4D): tf.Tensor4D => {
      const sides: [number, number] = [pad, pad];
      return tf.avgPool(tf.pad(x, [[0, 0], sides, sides, [0, 0]]), kernel, stride, 0);
    };
    const inside = averaged(tf.ones([1, x_BHWC.shape[1], x_BHWC.shape[2], 1]));
    return tf.div(averaged(x_BHWC), inside);
  });
}

/** [B, H, W, C] -> [B, C]. */
export function globalAveragePool(x_BHWC: tf.Tensor4D): tf.Tensor2D {
  return tf.mean(x_BHWC, [1, 2]);
}

/** Every 2x2 patch as one position, column by column (Liu et al. 2021): [B, H, W, C] -> [B, H/2, W/2, 4C]. */
export function mergePatches(x_BHWC: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => {
    const [batch, height, width, channels] = x_BHWC.shape;
    const split = tf.reshape(x_BHWC, [batch * (height / 2), 2, width / 2, 2, channels]);
    return tf.reshape(tf.transpose(split, [0, 2, 3, 1, 4]), [batch, height / 2, width / 2, 4 * channels]);
  });
}

/** A learned value [1, ...] once for each of `batch` images; any other as it is. */
export function forEveryImage<T extends tf.Tensor>(x: T, batch: number): T {
  return x.shape[0] === batch ? x : tf.tile(x, [batch, ...x.shape.slice(1).map(() => 1)]);
}
