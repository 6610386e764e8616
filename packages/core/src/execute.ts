import * as tf from '@tensorflow/tfjs-core';
import { attention, windowAttention } from './attention.ts';
import {
  avgPool,
  batchNorm,
  conv2d,
  dense,
  gelu,
  globalAveragePool,
  layerNorm,
  maxPool,
  mergePatches,
  runningBatchNorm,
} from './layers.ts';
import type { ForwardContext, ForwardResult } from './network.ts';
import { type Params, param } from './params.ts';
import type { Net, Program } from './program.ts';

/** Runs a program on tensors. */
export function execute(
  program: Program,
  params: Params,
  stats: Params,
  images_BHWC: tf.Tensor4D,
  ctx: ForwardContext,
): ForwardResult {
  return tf.tidy(() => {
    const next: Record<string, tf.Tensor> = { ...stats };
    const features: Record<string, tf.Tensor> = {};
    const net: Net<tf.Tensor> = {
      conv: (name, x, { kernel, stride = 1, pad = Math.floor(kernel / 2), bias = false }) => {
        const y = conv2d(x as tf.Tensor4D, param(params, `${name}.weight`) as tf.Tensor4D, { stride, pad });
        return bias ? tf.add(y, param(params, `${name}.bias`)) : y;
      },
      dense: (name, x, { bias = true }) =>
        dense(
          x,
          param(params, `${name}.weight`) as tf.Tensor2D,
          bias ? param(params, `${name}.bias`) : undefined,
        ),
      batchNorm: (name, x) => {
        const affine = {
          gain_C: param(params, `${name}.weight`) as tf.Tensor1D,
          offset_C: param(params, `${name}.bias`) as tf.Tensor1D,
        };
        const [meanName, varName] = [`${name}.running_mean`, `${name}.running_var`];
        const running = {
          mean_C: param(stats, meanName) as tf.Tensor1D,
          variance_C: param(stats, varName) as tf.Tensor1D,
        };
        if (!ctx.training) return runningBatchNorm(x, affine, running);
        const result = batchNorm(x, affine, running, ctx.momentum);
        next[meanName] = result.running.mean_C;
        next[varName] = result.running.variance_C;
        return result.y;
      },
      layerNorm: (name, x, { epsilon }) =>
        layerNorm(x, param(params, `${name}.weight`), param(params, `${name}.bias`), epsilon),
      relu: (x) => tf.relu(x),
      gelu: (x) => gelu(x),
      add: (a, b) => tf.add(a, b),
      concat: (values) => tf.concat([...values], -1),
      maxPool: (x, options) => maxPool(x as tf.Tensor4D, options),
      avgPool: (x, options) => avgPool(x as tf.Tensor4D, options),
      globalAveragePool: (x) => globalAveragePool(x as tf.Tensor4D),
      flatten: (x) => tf.reshape(x, [x.shape[0]!, -1]),
      embedding: (name) => param(params, name),
      tokens: (x) => tf.reshape(x, [x.shape[0]!, -1, x.shape[3]!]),
      grid: (x, height, width) => tf.reshape(x, [x.shape[0]!, height, width, -1]),
      prepend: (first, x) => tf.concat([tf.tile(first, [x.shape[0]!, 1, 1]), x], 1),
      takeTokens: (x, start, count) => tf.slice(x, [0, start, 0], [-1, count, -1]),
      attention: (q, k, v, { headDim }) =>
        attention(q as tf.Tensor3D, k as tf.Tensor3D, v as tf.Tensor3D, q.shape.at(-1)! / headDim),
      windowAttention: (name, q, k, v, { headDim, window, shift = 0 }) =>
        windowAttention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, {
          heads: q.shape.at(-1)! / headDim,
          window,
          shift,
          table_PA: param(params, `${name}.relative_position_bias_table`) as tf.Tensor2D,
        }),
      mergePatches: (x) => mergePatches(x as tf.Tensor4D),
      feature: (name, x) => {
        features[name] = x;
        return x;
      },
    };
    const logits = program(net, images_BHWC as tf.Tensor) as tf.Tensor2D;
    return { logits, features, stats: next };
  });
}
