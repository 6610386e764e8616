// Channel attention: every channel of a residual branch is multiplied by a number between 0 and 1 that follows from all
// channels of the image. Hu et al. 2018 (arXiv:1709.01507), section 3; Jin et al. 2022, "Delving deep into spatial pooling
// for squeeze-and-excitation networks" (Pattern Recognition 121), sections 3.2 and 3.3. Names are those of SENet.

import { MaNetError, type Net } from '@ma-net/core';
import type { Block, BlockPlace } from './block.ts';

export interface ExcitationOptions {
  /** r: the channels are squeezed to so many times fewer, and to at least 1. */
  readonly reduction: number;
}

export interface ResidualGroupOptions extends ExcitationOptions {
  /**
   * Side of a window whose mean is one descriptor; the side of the last stage's maps unless given, which is 7 in networks for
   * 224 x 224 images.
   */
  readonly window?: number;
}

/** Cells along each side of SPSE's pyramid. */
const PYRAMID = [1, 2, 4] as const;

/** SE: the mean over the map, two dense layers, a sigmoid. */
export function squeezeExcitation(options: ExcitationOptions): Block {
  return (net, layer, x, place) => excited(net, layer, x, net.globalAveragePool(x), place, options);
}

/**
 * SPSE: means of 1, 4 and 16 cells, each weighed channel by channel (`<layer>.se.pool1`, `pool2`, `pool4`), summed and
 * normalised, in place of the mean.
 */
export function spatialPyramidExcitation(options: ExcitationOptions): Block {
  return (net, layer, x, place) => {
    const [first, ...others] = PYRAMID.map((size) =>
      net.depthwiseConv(`${layer}.se.pool${size}`, net.adaptiveAvgPool(x, { size }), {
        kernel: size,
        pad: 0,
        bias: true,
      }),
    );
    const sum = others.reduce((a, b) => net.add(a, b), first!);
    const fused = net.relu(net.batchNorm(`${layer}.se.bn`, sum));
    return excited(net, layer, x, net.globalAveragePool(fused), place, options);
  };
}

/**
 * RGSE: means of windows of one size, so that earlier stages have more of them, weighed channel by channel
 * (`<layer>.se.pool`) and normalised; where one window covers the map there is nothing to weigh, and its mean is only
 * rectified. Throws `shape-mismatch` where the windows do not cover the map.
 */
export function residualGroupExcitation(options: ResidualGroupOptions): Block {
  return (net, layer, x, place) => {
    const { window, count } = windowsOver(net.shape(x), layer, place, options.window);
    const means = net.avgPool(x, { kernel: window, stride: window });
    const weighed =
      count === 1
        ? means
        : net.batchNorm(
            `${layer}.se.bn`,
            net.depthwiseConv(`${layer}.se.pool`, means, { kernel: count, pad: 0 }),
          );
    return excited(net, layer, x, net.globalAveragePool(net.relu(weighed)), place, options);
  };
}

/** `x` times what two dense layers make of one number per channel. */
function excited<V>(
  net: Net<V>,
  layer: string,
  x: V,
  squeezed: V,
  { width }: BlockPlace,
  { reduction }: ExcitationOptions,
): V {
  const inner = net.relu(
    net.dense(`${layer}.se.fc1`, squeezed, { out: Math.max(1, Math.floor(width / reduction)) }),
  );
  return net.mul(x, net.sigmoid(net.dense(`${layer}.se.fc2`, inner, { out: width })));
}

function windowsOver(
  [height, width]: readonly number[],
  layer: string,
  { stage, stages }: BlockPlace,
  asked: number | undefined,
): { readonly window: number; readonly count: number } {
  const window = asked ?? Math.max(1, Math.floor(height! / 2 ** (stages - 1 - stage)));
  const count = height! / window;
  if (height === width && Number.isInteger(count)) return { window, count };
  throw new MaNetError(
    'shape-mismatch',
    `Windows of ${window} x ${window} do not cover a map of ${height} x ${width} exactly.`,
    {
      where: `layer "${layer}.se"`,
      hint: 'rgse takes square maps whose sides are multiples of its window: 7 fits images of 224 x 224, 4 those of 32 x 32.',
    },
  );
}
