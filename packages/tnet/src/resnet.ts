// Residual networks. He et al. 2016 (arXiv:1512.03385); bottlenecks carry their stride on the 3x3
// convolution ("v1.5"), as torchvision's do, and parameters have torchvision's names. Wide ResNet-50-2
// (Zagoruyko & Komodakis 2016) doubles the inner width of every bottleneck.
//
// The CIFAR stem is one 3x3 convolution without pooling, so that 32x32 images end at 4x4; the networks of
// section 4.2 of the paper (ResNet-20: three stages of 16, 32, 64 channels) use it as well.

import { defineNetwork, type Net, type Network, type Program } from '@ma-net/core';
import type { BlockPlace, PlugIns } from './attention/block.ts';
import { refusePooling } from './attention/refuse.ts';
import { named, type TNetOptions } from './options.ts';

export interface ResNetShape extends PlugIns {
  readonly block: 'basic' | 'bottleneck';
  /** Blocks in each stage. */
  readonly depths: readonly number[];
  /** Width of the first stage, which each later stage doubles; 64 unless given. */
  readonly width?: number;
  /** Channels of the stem; `width` unless given. */
  readonly stemWidth?: number;
  /** Width of the inner convolutions of a bottleneck, as a multiple of the stage's width. */
  readonly widen?: number;
  /** `imagenet`: 7x7 stride 2 and pooling; `cifar`: 3x3; `half`: 3x3 with stride 2, for machines without a GPU. */
  readonly stem: 'imagenet' | 'cifar' | 'half';
  /**
   * The convolution of a bottleneck that halves the map: the 3x3 unless given, or the first 1x1, as He et al. and the
   * MSRA weights have it.
   */
  readonly strideIn?: '1x1' | '3x3';
  /** Batch normalisation that is trained, unless given, or the one that training leaves as it is, for detectors. */
  readonly norm?: 'batch' | 'frozen';
  /** 224 x 224 for the `imagenet` stem and 32 x 32 for the others unless given, in colour. */
  readonly inputShape?: readonly [number, number, number];
}

const EXPANSION = { basic: 1, bottleneck: 4 } as const;

/** A residual network with a fully connected classifier on pooled features. Its program also returns its stages. */
export function resnet(name: string, shape: ResNetShape, options: TNetOptions): Network<'images', 'logits'> {
  const program: Program = (net, { images }) => {
    const stages = resnetBody(net, images, shape);
    const logits = net.dense('fc', net.globalAveragePool(stages.at(-1)!), {
      out: options.numClasses,
    });
    return { ...named('layer', stages), logits };
  };
  const side = shape.stem === 'imagenet' ? 224 : 32;
  const images = options.inputShape ?? shape.inputShape ?? [side, side, 3];
  return defineNetwork(name, { images }, program, { outputs: ['logits'] });
}

/** The stages of a residual network, one after the other: `layer1`, `layer2`, ... of torchvision's names. */
export function resnetBody<V>(net: Net<V>, images: V, shape: ResNetShape): readonly V[] {
  const { block, depths, width = 64, widen = 1, stem, strideIn = '3x3', norm = 'batch' } = shape;
  const { stemWidth = width, branch, pool } = shape;
  refusePooling(pool, depths);
  const normalise = norm === 'batch' ? net.batchNorm : net.frozenBatchNorm;
  let x = images;
  if (stem === 'imagenet') {
    x = net.conv('conv1', x, { out: stemWidth, kernel: 7, stride: 2 });
    x = net.maxPool(net.relu(normalise('bn1', x)), { kernel: 3, stride: 2, pad: 1 });
  } else {
    x = net.conv('conv1', x, {
      out: stemWidth,
      kernel: 3,
      stride: stem === 'half' ? 2 : 1,
    });
    x = net.relu(normalise('bn1', x));
  }

  let channels = stemWidth;
  return depths.map((depth, stage) => {
    const inner = width * 2 ** stage;
    for (let i = 0; i < depth; i++) {
      const out = inner * EXPANSION[block];
      const stride = i === 0 && stage > 0 ? 2 : 1;
      x = residual(net, `layer${stage + 1}.${i}`, x, {
        block,
        inner: inner * (block === 'bottleneck' ? widen : 1),
        out,
        stride,
        strideIn,
        normalise,
        ...(branch === undefined ? {} : { branch }),
        ...(pool === undefined ? {} : { pool }),
        at: { stage, stages: depths.length },
        project: stride !== 1 || channels !== out,
      });
      channels = out;
    }
    return x;
  });
}

interface Residual<V> extends PlugIns {
  readonly block: ResNetShape['block'];
  readonly inner: number;
  readonly out: number;
  readonly stride: number;
  readonly strideIn: '1x1' | '3x3';
  readonly normalise: (name: string, x: V) => V;
  readonly at: Omit<BlockPlace, 'width'>;
  /** Whether the shortcut is a 1x1 convolution instead of the identity. */
  readonly project: boolean;
}

function residual<V>(
  net: Net<V>,
  layer: string,
  x: V,
  { block, inner, out, stride, strideIn, normalise, project, at, branch, pool }: Residual<V>,
): V {
  const conv = (part: string, input: V, width: number, kernel: number, step: number): V =>
    normalise(
      `${layer}.${part.replace('conv', 'bn')}`,
      net.conv(`${layer}.${part}`, input, { out: width, kernel, stride: step }),
    );
  /** A convolution that halves the map, or that moves by 1 before something else halves it. */
  const halved = (part: string, input: V, kernel: number): V => {
    if (stride === 1 || pool === undefined) return net.relu(conv(part, input, inner, kernel, stride));
    return pool(net, layer, net.relu(conv(part, input, inner, kernel, 1)), { ...at, width: inner });
  };
  let y: V;
  if (block === 'basic') {
    y = conv('conv2', halved('conv1', x, 3), out, 3, 1);
  } else {
    const early = strideIn === '1x1';
    y = early ? halved('conv1', x, 1) : net.relu(conv('conv1', x, inner, 1, 1));
    y = early ? net.relu(conv('conv2', y, inner, 3, 1)) : halved('conv2', y, 3);
    y = conv('conv3', y, out, 1, 1);
  }
  if (branch !== undefined) y = branch(net, layer, y, { ...at, width: out });
  const shortcut = project
    ? normalise(`${layer}.downsample.1`, net.conv(`${layer}.downsample.0`, x, { out, kernel: 1, stride }))
    : x;
  return net.relu(net.add(y, shortcut));
}
