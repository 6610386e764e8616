// Densely connected networks with bottlenecks and compression (DenseNet-BC). Huang et al. 2017
// (arXiv:1608.06993), sections 3 and 4.1; parameters have torchvision's names.
//
// Every layer reads all channels made before it in its block and adds `growth` of its own, so each layer's
// channels are a coupling group that all later layers of the block read.

import { defineNetwork, type Net, type Network } from '@ma-net/core';
import type { TNetOptions } from './options.ts';

export interface DenseNetShape {
  /** Dense layers in each block. */
  readonly layersPerBlock: readonly number[];
  /** Channels that each layer adds, k. */
  readonly growth: number;
  /** Channels that each block receives; those not given are half of what the block before them made. */
  readonly blockWidths: readonly [number, ...number[]];
  /** `imagenet`: 7x7 stride 2 and pooling; `cifar`: 3x3; `bare`: 3x3 without normalisation, as the paper's on CIFAR. */
  readonly stem: 'imagenet' | 'cifar' | 'bare';
  /** 224 x 224 for the `imagenet` stem and 32 x 32 for the others unless given, in colour. */
  readonly inputShape?: readonly [number, number, number];
}

/** Width of a layer's 1x1 convolution, as a multiple of the growth (section 3, "bottleneck layers"). */
const BOTTLENECK = 4;

/** A DenseNet-BC with a fully connected classifier on pooled features. */
export function densenet(name: string, shape: DenseNetShape, options: TNetOptions): Network {
  const { layersPerBlock, growth, blockWidths, stem } = shape;
  const { modulateStem = false, modulateClassifier = false } = options;

  const program = <V>(net: Net<V>, images: V): V => {
    const normalised = (layer: string, x: V): V => net.relu(net.batchNorm(`features.${layer}`, x));
    const first = { out: blockWidths[0], modulated: modulateStem };
    let x: V;
    if (stem === 'imagenet') {
      x = normalised('norm0', net.conv('features.conv0', images, { ...first, kernel: 7, stride: 2 }));
      x = net.maxPool(x, { kernel: 3, stride: 2, pad: 1 });
    } else {
      x = net.conv('features.conv0', images, { ...first, kernel: 3 });
      if (stem === 'cifar') x = normalised('norm0', x);
    }

    let channels = blockWidths[0];
    layersPerBlock.forEach((layers, block) => {
      for (let i = 1; i <= layers; i++) {
        const layer = `denseblock${block + 1}.denselayer${i}`;
        let y = normalised(`${layer}.norm1`, x);
        y = net.conv(`features.${layer}.conv1`, y, { out: BOTTLENECK * growth, kernel: 1 });
        y = normalised(`${layer}.norm2`, y);
        y = net.conv(`features.${layer}.conv2`, y, { out: growth, kernel: 3 });
        x = net.concat([x, y]);
      }
      channels += layers * growth;
      x = net.feature(`denseblock${block + 1}`, x);
      if (block === layersPerBlock.length - 1) return;
      const transition = `transition${block + 1}`;
      channels = blockWidths[block + 1] ?? Math.floor(channels / 2);
      x = normalised(`${transition}.norm`, x);
      x = net.conv(`features.${transition}.conv`, x, { out: channels, kernel: 1 });
      x = net.avgPool(x, { kernel: 2, stride: 2 });
    });
    return net.dense('classifier', net.globalAveragePool(normalised('norm5', x)), {
      out: options.numClasses,
      modulated: modulateClassifier,
    });
  };
  const side = stem === 'imagenet' ? 224 : 32;
  return defineNetwork(name, options.inputShape ?? shape.inputShape ?? [side, side, 3], program);
}
