// Wide residual networks for small images. Zagoruyko & Komodakis 2016 (arXiv:1605.07146), Table 1: three
// groups of basic blocks that normalise before they convolve (He et al. 2016, arXiv:1603.05027).
//
// Wide ResNet-50-2, the wide network for ImageNet, is a ResNet with wider bottlenecks: see resnet.ts.

import { defineNetwork, type Net, type Network, type Program } from '@ma-net/core';
import type { PlugIns } from './attention/block.ts';
import { named, type TNetOptions } from './options.ts';

export interface WideResNetShape extends PlugIns {
  /** Blocks in each group; the paper counts 6 blocks + 4 layers. */
  readonly blocks: number;
  /** Widening factor: the groups have 16, 32 and 64 times as many channels. */
  readonly widen: number;
  /** Channels of the first convolution; 16 unless given. */
  readonly width?: number;
  /** 32 x 32 in colour unless given. */
  readonly inputShape?: readonly [number, number, number];
}

const GROUPS = 3;

/** A wide residual network with a fully connected classifier on pooled features. Its program also returns its groups. */
export function wideResnet(
  name: string,
  shape: WideResNetShape,
  options: TNetOptions,
): Network<'images', 'logits'> {
  const program: Program = (net, { images }) => {
    const groups = wideResnetBody(net, images, shape);
    const pooled = net.globalAveragePool(net.relu(net.batchNorm('bn', groups.at(-1)!)));
    return {
      ...named('layer', groups),
      logits: net.dense('fc', pooled, { out: options.numClasses }),
    };
  };
  const images = options.inputShape ?? shape.inputShape ?? [32, 32, 3];
  return defineNetwork(name, { images }, program, { outputs: ['logits'] });
}

/** The groups of a wide residual network, one after the other, before the last normalisation. */
export function wideResnetBody<V>(
  net: Net<V>,
  images: V,
  { blocks, widen, width = 16, branch, pool }: WideResNetShape,
): readonly V[] {
  let x = net.conv('conv1', images, { out: width, kernel: 3 });
  return Array.from({ length: GROUPS }, (_, group) => {
    const out = width * widen * 2 ** group;
    for (let i = 0; i < blocks; i++) {
      const layer = `layer${group + 1}.${i}`;
      const stride = i === 0 && group > 0 ? 2 : 1;
      const project = i === 0 && (stride !== 1 || out !== width);
      const ready = net.relu(net.batchNorm(`${layer}.bn1`, x));
      const place = { stage: group, stages: GROUPS, width: out };
      const pooled = pool !== undefined && stride !== 1;
      let y = net.conv(`${layer}.conv1`, ready, { out, kernel: 3, stride: pooled ? 1 : stride });
      y = net.relu(net.batchNorm(`${layer}.bn2`, y));
      if (pooled) y = pool(net, layer, y, place);
      y = net.conv(`${layer}.conv2`, y, { out, kernel: 3 });
      if (branch !== undefined) y = branch(net, layer, y, place);
      // A projection reads the normalised input, the identity the raw one (arXiv:1603.05027, Fig. 1b).
      const shortcut = project ? net.conv(`${layer}.shortcut`, ready, { out, kernel: 1, stride }) : x;
      x = net.add(y, shortcut);
    }
    return x;
  });
}
