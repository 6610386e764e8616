// Densely connected networks with bottlenecks and compression (DenseNet-BC). Huang et al. 2017
// (arXiv:1608.06993), sections 3 and 4.1; parameters have torchvision's names.
//
// Every layer reads all channels made before it in its block and adds `growth` of its own, so each layer's
// channels are a coupling group that all later layers of the block read.

import { defineNetwork, type Net, type Network, type Program } from '@ma-net/core';
import { named, type TNetOptions } from './options.ts';

export interface DenseNetShape {
  /** Dense layers in each block. */
  readonly layersPerBlock: readonly number[];
  /** Channels that each layer adds, k. */
  readonly growth: number;
  /** Channels that each block receives; those not given are half of what the block before them made. */
  readonly blockWidths: readonly [number, ...number[]];
  /**
   * `imagenet`: 7x7 stride 2 and pooling; `cifar`: 3x3; `bare`: 3x3 without normalisation, as the paper's on CIFAR; `half`: the
   * same with stride 2.
   */
  readonly stem: 'imagenet' | 'cifar' | 'bare' | 'half';
  /** 224 x 224 for the `imagenet` stem and 32 x 32 for the others unless given, in colour. */
  readonly inputShape?: readonly [number, number, number];
}

/** Width of a layer's 1x1 convolution, as a multiple of the growth (section 3, "bottleneck layers"). */
const BOTTLENECK = 4;

/** A DenseNet-BC with a fully connected classifier on pooled features. Its program also returns its blocks. */
export function densenet(
  name: string,
  shape: DenseNetShape,
  options: TNetOptions,
): Network<'images', 'logits'> {
  const program: Program = (net, { images }) => {
    const blocks = densenetBody(net, images, shape);
    const pooled = net.globalAveragePool(normalised(net, 'norm5', blocks.at(-1)!));
    const logits = net.dense('classifier', pooled, { out: options.numClasses });
    return { ...named('denseblock', blocks), logits };
  };
  const side = shape.stem === 'imagenet' ? 224 : 32;
  const images = options.inputShape ?? shape.inputShape ?? [side, side, 3];
  return defineNetwork(name, { images }, program, { outputs: ['logits'] });
}

/** The dense blocks, one after the other, before the last normalisation. */
export function densenetBody<V>(
  net: Net<V>,
  images: V,
  { layersPerBlock, growth, blockWidths, stem }: DenseNetShape,
): readonly V[] {
  const first = { out: blockWidths[0] };
  let x: V;
  if (stem === 'imagenet') {
    x = normalised(net, 'norm0', net.conv('features.conv0', images, { ...first, kernel: 7, stride: 2 }));
    x = net.maxPool(x, { kernel: 3, stride: 2, pad: 1 });
  } else {
    x = net.conv('features.conv0', images, { ...first, kernel: 3, stride: stem === 'half' ? 2 : 1 });
    if (stem === 'cifar') x = normalised(net, 'norm0', x);
  }

  let channels = blockWidths[0];
  return layersPerBlock.map((layers, block) => {
    if (block > 0) {
      const transition = `transition${block}`;
      channels = blockWidths[block] ?? Math.floor(channels / 2);
      x = normalised(net, `${transition}.norm`, x);
      x = net.conv(`features.${transition}.conv`, x, { out: channels, kernel: 1 });
      x = net.avgPool(x, { kernel: 2, stride: 2 });
    }
    for (let i = 1; i <= layers; i++) {
      const layer = `denseblock${block + 1}.denselayer${i}`;
      let y = normalised(net, `${layer}.norm1`, x);
      y = net.conv(`features.${layer}.conv1`, y, { out: BOTTLENECK * growth, kernel: 1 });
      y = normalised(net, `${layer}.norm2`, y);
      y = net.conv(`features.${layer}.conv2`, y, { out: growth, kernel: 3 });
      x = net.concat([x, y]);
    }
    channels += layers * growth;
    return x;
  });
}

function normalised<V>(net: Net<V>, layer: string, x: V): V {
  return net.relu(net.batchNorm(`features.${layer}`, x));
}
