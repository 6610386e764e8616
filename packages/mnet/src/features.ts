// G: what an astrocyte knows of its own pre-neurons (g1) and of all of them (g2), at neuron level
// (section 4).
//
// Suffixes: F pre-neurons of the astrocyte, X token width, D hidden size, M astrocytes.

import { attention, dense, gelu, layerNorm, NORM_EPSILON, type Params, param } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

/** g1: u_j, the embedded tokens of astrocyte j, each feature weighted by what all of them excite. */
export function localFeatures(phi: Params, j: number, tokens_FX: tf.Tensor2D): tf.Tensor2D {
  const layer = (x: tf.Tensor, name: string): tf.Tensor => denseOf(phi, `astro.${j}.${name}`, x);
  const embedded_FD = tf.tanh(layer(tokens_FX, 'embed'));
  const squeezed_1D = tf.mean(embedded_FD, 0, true);
  const excitation_1D = tf.mul(tf.sigmoid(layer(tf.relu(layer(squeezed_1D, 'fc1')), 'fc2')), 2);
  return tf.mul(embedded_FD, excitation_1D);
}

/** g2: v, a small pre-norm vision transformer whose patches are the descriptors S of the astrocytes. */
export function globalFeatures(
  phi: Params,
  local_MD: tf.Tensor2D,
  blocks: number,
  heads: number,
): tf.Tensor2D {
  const norm = (x: tf.Tensor, name: string): tf.Tensor =>
    layerNorm(x, param(phi, `${name}.weight`), param(phi, `${name}.bias`), NORM_EPSILON);
  let h_MD = tf.add(local_MD, param(phi, 'pos')) as tf.Tensor2D;
  for (let b = 0; b < blocks; b++) {
    const block = `vit.${b}`;
    const qkv = denseOf(phi, `${block}.qkv`, norm(h_MD, `${block}.n1`)) as tf.Tensor2D;
    const [q, k, v] = tf.split(tf.expandDims(qkv, 0) as tf.Tensor3D, 3, 2) as [
      tf.Tensor3D,
      tf.Tensor3D,
      tf.Tensor3D,
    ];
    const mixed_MD = tf.squeeze(attention(q, k, v, heads), [0]);
    h_MD = tf.add(h_MD, denseOf(phi, `${block}.proj`, mixed_MD));
    const inner = gelu(denseOf(phi, `${block}.m1`, norm(h_MD, `${block}.n2`)));
    h_MD = tf.add(h_MD, denseOf(phi, `${block}.m2`, inner));
  }
  return norm(h_MD, 'norm') as tf.Tensor2D;
}

/** The fusion G_j = (u_j + v_j) / 2, v_j broadcast over the pre-neurons. */
export function fuse(local_FD: tf.Tensor2D, global_1D: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(tf.add(local_FD, global_1D), 0.5);
}

/** `<name>.weight` and `<name>.bias` of Phi applied to x. */
export function denseOf(phi: Params, name: string, x: tf.Tensor): tf.Tensor {
  return dense(x, param(phi, `${name}.weight`) as tf.Tensor2D, param(phi, `${name}.bias`));
}
