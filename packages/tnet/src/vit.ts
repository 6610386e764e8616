// Vision transformers. Dosovitskiy et al. 2021 (arXiv:2010.11929), section 3.1 and Table 1: patches, a class
// token, learned positions, pre-normalised blocks. Parameters have torchvision's names, except that queries,
// keys and values are three kernels here and one there.

import { defineNetwork, type Initializer, type Net, type Network, uniformFanIn, zeros } from '@ma-net/core';
import { imageSize } from './image-size.ts';
import type { TNetOptions } from './options.ts';

export interface ViTShape {
  /** Side of a patch; divides the sides of the images. */
  readonly patch: number;
  /** Width of the tokens. */
  readonly width: number;
  readonly depth: number;
  /** Width of one attention head; 64 unless given. */
  readonly headDim?: number;
  /** 224 x 224 in colour unless given. */
  readonly inputShape?: readonly [number, number, number];
}

const EPSILON = 1e-6;
const MLP_RATIO = 4;
const WEIGHTS: Initializer = { kind: 'truncated-normal', std: 0.02 };

/** A vision transformer with a linear classifier on its class token. */
export function vit(name: string, shape: ViTShape, options: TNetOptions): Network {
  const { patch, width, depth, headDim = 64 } = shape;
  const { modulateStem = false, modulateClassifier = false } = options;
  const inputShape = imageSize(name, options.inputShape ?? shape.inputShape ?? [224, 224, 3], patch);
  const [rows, columns] = [inputShape[0] / patch, inputShape[1] / patch];

  const program = <V>(net: Net<V>, images: V): V => {
    const dense = (layer: string, x: V, out: number): V => net.dense(layer, x, { out, init: WEIGHTS });
    const norm = (layer: string, x: V): V => net.layerNorm(layer, x, { epsilon: EPSILON });

    let x = net.tokens(
      net.conv('conv_proj', images, {
        out: width,
        kernel: patch,
        stride: patch,
        pad: 0,
        bias: true,
        modulated: modulateStem,
        init: uniformFanIn(patch * patch * inputShape[2]),
      }),
    );
    x = net.prepend(net.embedding('class_token', { tokens: 1, width, init: zeros }), x); // Eq. 1
    const positions = { tokens: rows * columns + 1, width, init: WEIGHTS };
    x = net.add(x, net.embedding('encoder.pos_embedding', positions));

    for (let i = 0; i < depth; i++) {
      const layer = `encoder.layers.encoder_layer_${i}`;
      const seen = norm(`${layer}.ln_1`, x); // Eq. 2
      const [q, k, v] = ['q', 'k', 'v'].map((part) => dense(`${layer}.self_attention.${part}`, seen, width));
      const mixed = net.attention(q!, k!, v!, { headDim });
      x = net.add(x, dense(`${layer}.self_attention.out_proj`, mixed, width));
      const inner = net.gelu(dense(`${layer}.mlp.0`, norm(`${layer}.ln_2`, x), MLP_RATIO * width)); // Eq. 3
      x = net.add(x, dense(`${layer}.mlp.3`, inner, width));
    }
    x = norm('encoder.ln', x); // Eq. 4
    net.feature('encoder', net.grid(net.takeTokens(x, 1, rows * columns), rows, columns));
    return net.dense('heads.head', net.flatten(net.takeTokens(x, 0, 1)), {
      out: options.numClasses,
      modulated: modulateClassifier,
      init: WEIGHTS,
    });
  };
  return defineNetwork(name, inputShape, program);
}
