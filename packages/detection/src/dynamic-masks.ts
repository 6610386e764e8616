// Masks by filters that the network writes for every instance (Tian, Shen and Chen 2020, sections 3.2 and 3.3).
// Suffixes: N images, I instances, H height, W width, C channels of the mask features, P parameters of an instance.

import { MaNetError } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

export interface DynamicMaskOptions {
  /** Channels between the layers; 8 unless given. */
  readonly channels?: number;
  /** Pixels of the image per pixel of the mask features; 8 unless given. */
  readonly stride?: number;
}

/** Where an instance was found, and the filters that were written there. */
export interface Instances {
  /** [I, P]: the weights of the three layers, each [out, in], then their biases. */
  readonly parameters_IP: tf.Tensor2D;
  /** [I, 2], x, y in pixels of the image. */
  readonly locations_I2: tf.Tensor2D;
  /** int32 [I]: levels of the pyramid, of strides 8, 16, ...: coordinates are told in their sizes, 64, 128, ... */
  readonly levels_I: tf.Tensor1D;
  /** int32 [I]. */
  readonly images_I: tf.Tensor1D;
}

/** P: 169 for 8 channels of mask features, 233 for 16. */
export function dynamicParameters(maskChannels: number, channels = 8): number {
  return dynamicLayers(maskChannels, channels).reduce((sum, [out, into]) => sum + out * (into + 1), 0);
}

/**
 * Logits of the masks [I, H, W]: three 1x1 convolutions of an instance's own over its coordinates, relative to every
 * pixel, and the mask features of its image. Throws `shape-mismatch` for vectors of another length.
 */
export function dynamicMasks(
  features_NHWC: tf.Tensor4D,
  { parameters_IP, locations_I2, levels_I, images_I }: Instances,
  { channels = 8, stride = 8 }: DynamicMaskOptions = {},
): tf.Tensor3D {
  const [, height, width, maskChannels] = features_NHWC.shape;
  const [instances, given] = parameters_IP.shape;
  const expected = dynamicParameters(maskChannels, channels);
  if (given !== expected) {
    throw new MaNetError(
      'shape-mismatch',
      `Every instance has ${given} parameters; ${maskChannels} mask channels and ${channels} between the layers need ${expected}.`,
      { where: 'the controller', hint: `let it make ${expected} channels.` },
    );
  }
  return tf.tidy(() => {
    const own = tf.reshape(tf.gather(features_NHWC, images_I), [instances, height * width, maskChannels]);
    const relative = relativeCoordinates(locations_I2, levels_I, { height, width, stride });
    let x: tf.Tensor = tf.concat([tf.reshape(relative, [instances, height * width, 2]), own], -1);
    const layers = dynamicLayers(maskChannels, channels);
    let weight = 0;
    let bias = layers.reduce((sum, [out, into]) => sum + out * into, 0);
    for (const [l, [out, into]] of layers.entries()) {
      const kernel = tf.reshape(tf.slice(parameters_IP, [0, weight], [instances, out * into]), [
        instances,
        out,
        into,
      ]);
      const offset = tf.reshape(tf.slice(parameters_IP, [0, bias], [instances, out]), [instances, 1, out]);
      x = tf.add(tf.matMul(x as tf.Tensor3D, kernel as tf.Tensor3D, false, true), offset);
      if (l < layers.length - 1) x = tf.relu(x);
      weight += out * into;
      bias += out;
    }
    return tf.reshape(x, [instances, height, width]);
  });
}

/** (location - pixel) in sizes of the level [I, H, W, 2], x first. */
export function relativeCoordinates(
  locations_I2: tf.Tensor2D,
  levels_I: tf.Tensor1D,
  { height, width, stride }: { readonly height: number; readonly width: number; readonly stride: number },
): tf.Tensor4D {
  return tf.tidy(() => {
    const instances = locations_I2.shape[0];
    const middle = Math.floor(stride / 2);
    const along = (count: number): tf.Tensor => tf.add(tf.mul(tf.range(0, count), stride), middle);
    const x = tf.tile(tf.reshape(along(width), [1, 1, width, 1]), [1, height, 1, 1]);
    const y = tf.tile(tf.reshape(along(height), [1, height, 1, 1]), [1, 1, width, 1]);
    const pixels = tf.concat([x, y], -1);
    const size = tf.mul(tf.pow(2, tf.cast(levels_I, 'float32')), 64);
    const offset = tf.sub(tf.reshape(locations_I2, [instances, 1, 1, 2]), pixels);
    return tf.div(offset, tf.reshape(size, [instances, 1, 1, 1])) as tf.Tensor4D;
  });
}

/** Maps [M, H, W] at `times` their size, so that pixels stay where they are: the first of each block is the old one, half a block further. */
export function alignedBilinear(maps_MHW: tf.Tensor3D, times: number): tf.Tensor3D {
  return tf.tidy(() => {
    const [count, height, width] = maps_MHW.shape;
    const rows = tf.reshape(maps_MHW, [count * height, width]);
    const wide = tf.reshape(tf.matMul(rows as tf.Tensor2D, weights(width, times)), [
      count,
      height,
      width * times,
    ]);
    const columns = tf.reshape(tf.transpose(wide, [0, 2, 1]), [count * width * times, height]);
    const tall = tf.reshape(tf.matMul(columns as tf.Tensor2D, weights(height, times)), [
      count,
      width * times,
      height * times,
    ]);
    return tf.transpose(tall, [0, 2, 1]) as tf.Tensor3D;
  });
}

/** Share of each of `size` positions in each of `size * times`, [size, size * times]. */
function weights(size: number, times: number): tf.Tensor2D {
  const values = new Float32Array(size * size * times);
  for (let to = 0; to < size * times; to++) {
    const at = Math.max(0, (to - Math.floor(times / 2)) / times);
    const before = Math.floor(at);
    const after = Math.min(size - 1, before + 1);
    values[before * size * times + to]! += 1 - (at - before);
    values[after * size * times + to]! += at - before;
  }
  return tf.tensor2d(values, [size, size * times]);
}

/** [out, in] of the three layers: their weights come first in a vector, one layer after the other, then their biases. */
export function dynamicLayers(
  maskChannels: number,
  channels: number,
): readonly (readonly [number, number])[] {
  return [
    [channels, maskChannels + 2],
    [channels, channels],
    [1, channels],
  ];
}
