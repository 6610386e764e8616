// Swin transformers. Liu et al. 2021 (arXiv:2103.14030), section 3: attention within windows, which every
// second block shifts by half a window; a bias for each relative position; patches merged two by two between
// stages. Parameters have torchvision's names, except that queries, keys and values are three kernels here
// and one there.

import { defineNetwork, type Initializer, type Net, type Network, uniformFanIn } from '@ma-net/core';
import { imageSize } from './image-size.ts';
import type { TNetOptions } from './options.ts';

export interface SwinShape {
  /** Width of the first stage, C, which each later stage doubles. */
  readonly width: number;
  /** Blocks in each stage. */
  readonly depths: readonly number[];
  /** Side of a window, in positions. */
  readonly window: number;
  /** Side of a patch; 4 unless given. */
  readonly patch?: number;
  /** Width of one attention head; 32 unless given. */
  readonly headDim?: number;
  /** 224 x 224 in colour unless given. */
  readonly inputShape?: readonly [number, number, number];
}

const EPSILON = 1e-5;
const MLP_RATIO = 4;
const WEIGHTS: Initializer = { kind: 'truncated-normal', std: 0.02 };

/** A Swin transformer with a linear classifier on its pooled positions. */
export function swin(name: string, shape: SwinShape, options: TNetOptions): Network {
  const { width, depths, window, patch = 4, headDim = 32 } = shape;
  const { modulateStem = false, modulateClassifier = false } = options;
  // Windows tile the positions of every stage, and the last one has the fewest.
  const step = patch * window * 2 ** (depths.length - 1);
  const inputShape = imageSize(name, options.inputShape ?? shape.inputShape ?? [224, 224, 3], step);

  const program = <V>(net: Net<V>, images: V): V => {
    const norm = (layer: string, x: V): V => net.layerNorm(layer, x, { epsilon: EPSILON });
    const dense = (layer: string, x: V, out: number): V => net.dense(layer, x, { out, init: WEIGHTS });

    let x = net.conv('features.0.0', images, {
      out: width,
      kernel: patch,
      stride: patch,
      pad: 0,
      bias: true,
      modulated: modulateStem,
      init: uniformFanIn(patch * patch * inputShape[2]),
    });
    x = norm('features.0.2', x);

    depths.forEach((depth, stage) => {
      const channels = width * 2 ** stage;
      if (stage > 0) {
        const merge = `features.${2 * stage}`;
        x = norm(`${merge}.norm`, net.mergePatches(x));
        x = net.dense(`${merge}.reduction`, x, { out: channels, bias: false, init: WEIGHTS });
      }
      for (let i = 0; i < depth; i++) {
        const layer = `features.${2 * stage + 1}.${i}`;
        const shift = i % 2 === 1 ? Math.floor(window / 2) : 0;
        const seen = norm(`${layer}.norm1`, x); // Eq. 3
        const [q, k, v] = ['q', 'k', 'v'].map((part) => dense(`${layer}.attn.${part}`, seen, channels));
        const mixed = net.windowAttention(`${layer}.attn`, q!, k!, v!, { headDim, window, shift });
        x = net.add(x, dense(`${layer}.attn.proj`, mixed, channels));
        const inner = net.gelu(dense(`${layer}.mlp.0`, norm(`${layer}.norm2`, x), MLP_RATIO * channels));
        x = net.add(x, dense(`${layer}.mlp.3`, inner, channels));
      }
      x = net.feature(`stage${stage + 1}`, x);
    });
    return net.dense('head', net.globalAveragePool(norm('norm', x)), {
      out: options.numClasses,
      modulated: modulateClassifier,
      init: WEIGHTS,
    });
  };
  return defineNetwork(name, inputShape, program);
}
