// What the masks of CondInst are filtered from (Tian, Shen and Chen 2020, section 3.1): features of the whole image, at
// the size of the finest level. Names are AdelaiDet's. Suffixes: B batch, H height, W width, K classes.

import { type Initializer, type Net, scoped } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { alignedUpsample } from './aligned-upsample.ts';
import { focalLoss } from './losses.ts';

export interface MaskBranchOptions {
  /** Channels of the mask features: 8 in CondInst, 16 in BoxInst. */
  readonly maskChannels: number;
  /** Channels between; 128 unless given. */
  readonly width?: number;
  /** Convolutions after the levels are added up; 4 unless given. */
  readonly convolutions?: number;
  /** Before the names of its layers, `mask_branch` unless given. */
  readonly name?: string;
}

/** Mask features [B, H, W, maskChannels] of the first of `levels`, to which the others are added at its size. */
export function maskBranch<V>(
  net: Net<V>,
  levels: readonly V[],
  { maskChannels, width = 128, convolutions = 4, name = 'mask_branch' }: MaskBranchOptions,
): V {
  const inside = scoped(net, `${name}.`);
  const refined = levels.map((level, l): V => normalised(inside, `refine.${l}`, level, width));
  let x = refined[0] as V;
  const height = net.shape(x)[0]!;
  for (const coarse of refined.slice(1)) {
    x = net.add(x, net.apply(alignedUpsample, '', [coarse], { times: height / net.shape(coarse)[0]! }));
  }
  for (let i = 0; i < convolutions; i++) x = normalised(inside, `tower.${i}`, x, width);
  const init = uniform(1 / 3, width);
  return inside.conv(`tower.${convolutions}`, x, { out: maskChannels, kernel: 1, bias: true, init });
}

export interface SemanticHeadOptions {
  readonly classes: number;
  /** Channels between; 128 unless given. */
  readonly width?: number;
  /** Before the names of its layers, `mask_branch` unless given. */
  readonly name?: string;
}

/** What every pixel of `level` shows: logits [B, H, W, K]. Only training needs it. */
export function semanticHead<V>(
  net: Net<V>,
  level: V,
  { classes, width = 128, name = 'mask_branch' }: SemanticHeadOptions,
): V {
  const inside = scoped(net, `${name}.`);
  const x = ['seg_head.0', 'seg_head.1'].reduce((y, layer): V => normalised(inside, layer, y, width), level);
  const init = uniform(1 / 3, width);
  return inside.conv('logits', x, { out: classes, kernel: 1, bias: true, init, biasInit: PRIOR });
}

/** At the start one pixel of a hundred is taken for an object. */
const PRIOR: Initializer = { kind: 'constant', value: -Math.log(99) };

/**
 * Focal loss of `logits_BHWK` against the class of the smallest object at every pixel, `labels_BHW` (int32; below 0 is
 * none), over the pixels that show one.
 */
export function semanticLoss(logits_BHWK: tf.Tensor, labels_BHW: tf.Tensor): tf.Scalar {
  return tf.tidy(() => {
    const classes = logits_BHWK.shape.at(-1)!;
    const hot_BHWK = tf.oneHot(tf.cast(labels_BHW, 'int32'), classes, 1, 0, 'float32');
    const loss = tf.sum(focalLoss(logits_BHWK, hot_BHWK, { alpha: 0.25, gamma: 2 }));
    return tf.div(loss, tf.maximum(tf.sum(hot_BHWK), 1)) as tf.Scalar;
  });
}

/**
 * The class of the smallest of the `masks` [N, height, width] (0 and 1) at every `stride`-th pixel, from the middle of
 * the first block; -1 where there is none.
 */
export function semanticLabels(
  masks: ArrayLike<number>,
  labels: ArrayLike<number>,
  { height, width, stride }: { readonly height: number; readonly width: number; readonly stride: number },
): Int32Array<ArrayBuffer> {
  const size = height * width;
  const areas = Array.from({ length: labels.length }, (_, n) => {
    let area = 0;
    for (let i = 0; i < size; i++) area += masks[n * size + i]!;
    return area;
  });
  const middle = Math.floor(stride / 2);
  const found: number[] = [];
  for (let y = middle; y < height; y += stride) {
    for (let x = middle; x < width; x += stride) {
      let smallest = -1;
      for (let n = 0; n < labels.length; n++) {
        if (labels[n]! < 0 || masks[n * size + y * width + x] === 0) continue;
        if (smallest < 0 || areas[n]! < areas[smallest]!) smallest = n;
      }
      found.push(smallest < 0 ? -1 : labels[smallest]!);
    }
  }
  return Int32Array.from(found);
}

/** Convolution by 3x3, normalisation and ReLU: `<layer>.0` and `<layer>.1`. */
function normalised<V>(net: Net<V>, layer: string, x: V, out: number): V {
  const init = uniform(1, 9 * net.shape(x).at(-1)!);
  return net.relu(net.batchNorm(`${layer}.1`, net.conv(`${layer}.0`, x, { out, kernel: 3, init })));
}

/** Of variance `gain` / fan-in (He et al. 2015): 1 without a gain for ReLU, 1/3 what PyTorch's convolutions start with. */
function uniform(gain: number, fanIn: number): Initializer {
  return { kind: 'uniform', limit: Math.sqrt((3 * gain) / fanIn) };
}
