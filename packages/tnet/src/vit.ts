// Vision transformers. Dosovitskiy et al. 2021 (arXiv:2010.11929), section 3.1 and Table 1: patches, a class
// token, learned positions, pre-normalised blocks. Parameters have torchvision's names, except that queries,
// keys and values are three kernels here and one there.

import {
  defineNetwork,
  type Initializer,
  type Net,
  type Network,
  type Program,
  uniformFanIn,
  xavierUniform,
  zeros,
} from '@ma-net/core';
import { imageSize } from './image-size.ts';
import { dropPathRate, type TransformerOptions } from './options.ts';

export interface ViTShape {
  /** Side of a patch; divides the sides of the images. */
  readonly patch: number;
  /** Width of the tokens. */
  readonly width: number;
  readonly depth: number;
  /** Width of one attention head; 64 unless given. */
  readonly headDim?: number;
  /**
   * Kernels and positions begin with a deviation of 0.02, as ViT-B's do. `by-width` begins kernels by Glorot's rule (as the
   * authors' own code does) and positions as large as patches, without which narrow networks on small patches learn nothing
   * at first.
   */
  readonly init?: 'by-width';
  /** 224 x 224 in colour unless given. */
  readonly inputShape?: readonly [number, number, number];
}

const EPSILON = 1e-6;
const MLP_RATIO = 4;
const WEIGHTS: Initializer = { kind: 'truncated-normal', std: 0.02 };

/** A vision transformer with a linear classifier on its class token. Its program also returns the patches, `encoder`. */
export function vit(name: string, shape: ViTShape, options: TransformerOptions): Network<'images', 'logits'> {
  const images = imageSize(name, options.inputShape ?? shape.inputShape ?? [224, 224, 3], shape.patch);

  const program: Program = (net, inputs) => {
    const tokens = vitBody(net, inputs.images, shape, options);
    const [rows, columns] = net.shape(inputs.images).map((side) => side / shape.patch) as [number, number];
    const logits = net.dense('heads.head', net.flatten(net.takeTokens(tokens, 0, 1)), {
      out: options.numClasses,
      init: WEIGHTS,
    });
    return { encoder: net.grid(net.takeTokens(tokens, 1, rows * columns), rows, columns), logits };
  };
  return defineNetwork(name, { images }, program, { outputs: ['logits'] });
}

/** The tokens that a vision transformer ends with, [B, 1 + patches, width]: the class token, then the patches, row by row. */
export function vitBody<V>(
  net: Net<V>,
  images: V,
  { patch, width, depth, headDim = 64, init }: ViTShape,
  { dropout = 0, dropPath = 0 }: Pick<TransformerOptions, 'dropout' | 'dropPath'> = {},
): V {
  const dense = (layer: string, x: V, out: number): V => {
    const weights = init === 'by-width' ? xavierUniform(net.shape(x).at(-1)!, out) : WEIGHTS;
    return net.dense(layer, x, { out, init: weights });
  };
  const norm = (layer: string, x: V): V => net.layerNorm(layer, x, { epsilon: EPSILON });
  const drop = (layer: string, x: V): V => net.dropout(layer, x, { rate: dropout });

  let x = net.tokens(
    net.conv('conv_proj', images, {
      out: width,
      kernel: patch,
      stride: patch,
      pad: 0,
      bias: true,
      init: uniformFanIn(patch * patch * net.shape(images).at(-1)!),
    }),
  );
  x = net.prepend(net.embedding('class_token', { tokens: 1, width, init: zeros }), x); // Eq. 1
  const start: Initializer = init === 'by-width' ? { kind: 'normal', std: 0.5 } : WEIGHTS;
  const positions = { tokens: net.shape(x)[0]!, width, init: start };
  x = drop('encoder', net.add(x, net.embedding('encoder.pos_embedding', positions)));

  for (let i = 0; i < depth; i++) {
    const layer = `encoder.layers.encoder_layer_${i}`;
    const rate = dropPathRate(dropPath, i, depth);
    const branch = (part: string, y: V): V =>
      net.dropPath(`${layer}.${part}`, drop(`${layer}.${part}`, y), { rate });
    const seen = norm(`${layer}.ln_1`, x); // Eq. 2
    const [q, k, v] = ['q', 'k', 'v'].map((part) => dense(`${layer}.self_attention.${part}`, seen, width));
    const mixed = net.attention(q!, k!, v!, { headDim });
    x = net.add(x, branch('self_attention', dense(`${layer}.self_attention.out_proj`, mixed, width)));
    const inner = net.gelu(dense(`${layer}.mlp.0`, norm(`${layer}.ln_2`, x), MLP_RATIO * width)); // Eq. 3
    x = net.add(x, branch('mlp', dense(`${layer}.mlp.3`, drop(`${layer}.mlp.0`, inner), width)));
  }
  return norm('encoder.ln', x); // Eq. 4
}
