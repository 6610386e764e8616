// Swin transformers. Liu et al. 2021 (arXiv:2103.14030), section 3: attention within windows, which every
// second block shifts by half a window; a bias for each relative position; patches merged two by two between
// stages. Parameters have torchvision's names, except that queries, keys and values are three kernels here
// and one there.

import {
  defineNetwork,
  type Initializer,
  type Net,
  type Network,
  type Program,
  uniformFanIn,
} from '@ma-net/core';
import { imageSize } from './image-size.ts';
import { dropPathRate, named, type TransformerOptions } from './options.ts';

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

/** A Swin transformer with a linear classifier on its pooled positions. Its program also returns its stages. */
export function swin(
  name: string,
  shape: SwinShape,
  options: TransformerOptions,
): Network<'images', 'logits'> {
  const { window, patch = 4, depths } = shape;
  // Windows tile the positions of every stage, and the last one has the fewest.
  const step = patch * window * 2 ** (depths.length - 1);
  const images = imageSize(name, options.inputShape ?? shape.inputShape ?? [224, 224, 3], step);

  const program: Program = (net, inputs) => {
    const stages = swinBody(net, inputs.images, shape, options);
    const pooled = net.globalAveragePool(norm(net, 'norm', stages.at(-1)!));
    const logits = net.dense('head', pooled, { out: options.numClasses, init: WEIGHTS });
    return { ...named('stage', stages), logits };
  };
  return defineNetwork(name, { images }, program, { outputs: ['logits'] });
}

/** The stages of a Swin transformer, one after the other, before the last normalisation. */
export function swinBody<V>(
  net: Net<V>,
  images: V,
  { width, depths, window, patch = 4, headDim = 32 }: SwinShape,
  { dropout = 0, dropPath = 0 }: Pick<TransformerOptions, 'dropout' | 'dropPath'> = {},
): readonly V[] {
  const dense = (layer: string, x: V, out: number): V => net.dense(layer, x, { out, init: WEIGHTS });
  const drop = (layer: string, x: V): V => net.dropout(layer, x, { rate: dropout });
  const blocks = depths.reduce((a, b) => a + b, 0);
  let x = net.conv('features.0.0', images, {
    out: width,
    kernel: patch,
    stride: patch,
    pad: 0,
    bias: true,
    init: uniformFanIn(patch * patch * net.shape(images).at(-1)!),
  });
  x = drop('features.0', norm(net, 'features.0.2', x));

  let block = 0;
  return depths.map((depth, stage) => {
    const channels = width * 2 ** stage;
    if (stage > 0) {
      const merge = `features.${2 * stage}`;
      x = norm(net, `${merge}.norm`, net.mergePatches(x));
      x = net.dense(`${merge}.reduction`, x, { out: channels, bias: false, init: WEIGHTS });
    }
    for (let i = 0; i < depth; i++, block++) {
      const layer = `features.${2 * stage + 1}.${i}`;
      const rate = dropPathRate(dropPath, block, blocks);
      const branch = (part: string, y: V): V =>
        net.dropPath(`${layer}.${part}`, drop(`${layer}.${part}`, y), { rate });
      const shift = i % 2 === 1 ? Math.floor(window / 2) : 0;
      const seen = norm(net, `${layer}.norm1`, x); // Eq. 3
      const [q, k, v] = ['q', 'k', 'v'].map((part) => dense(`${layer}.attn.${part}`, seen, channels));
      const mixed = net.windowAttention(`${layer}.attn`, q!, k!, v!, { headDim, window, shift });
      x = net.add(x, branch('attn', dense(`${layer}.attn.proj`, mixed, channels)));
      const inner = net.gelu(dense(`${layer}.mlp.0`, norm(net, `${layer}.norm2`, x), MLP_RATIO * channels));
      x = net.add(x, branch('mlp', dense(`${layer}.mlp.3`, drop(`${layer}.mlp.0`, inner), channels)));
    }
    return x;
  });
}

function norm<V>(net: Net<V>, layer: string, x: V): V {
  return net.layerNorm(layer, x, { epsilon: EPSILON });
}
