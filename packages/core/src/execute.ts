import * as tf from '@tensorflow/tfjs-core';
import { avgPool, batchNorm, conv2d, dense, globalAveragePool, maxPool, runningBatchNorm } from './layers.ts';
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
      relu: (x) => tf.relu(x),
      add: (a, b) => tf.add(a, b),
      concat: (values) => tf.concat([...values], -1),
      maxPool: (x, options) => maxPool(x as tf.Tensor4D, options),
      avgPool: (x, options) => avgPool(x as tf.Tensor4D, options),
      globalAveragePool: (x) => globalAveragePool(x as tf.Tensor4D),
      flatten: (x) => tf.reshape(x, [x.shape[0]!, -1]),
      feature: (name, x) => {
        features[name] = x;
        return x;
      },
    };
    const logits = program(net, images_BHWC as tf.Tensor) as tf.Tensor2D;
    return { logits, features, stats: next };
  });
}
