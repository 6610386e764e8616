// The encoder of Dynamic DETR (Dai et al. 2021, section 3.2): convolutions across the levels of a pyramid at places that
// each level chooses. The paper has no public code; constants and details are those of the authors' dynamic heads (Dai et
// al. 2021, CVPR), and what neither says is our reading.

import type { Net } from '@ma-net/core';
import { deformableConv } from './deformable-conv.ts';
import { dynamicRelu, hardSigmoid, resizedLike, takeChannels, weightedMean } from './small-ops.ts';

export interface DynamicEncoderOptions {
  /** Channels of a group of normalisations: 16 of 256 in dynamic heads. */
  readonly groupWidth: number;
  /** What the channels are divided by inside of DyReLU: 4. */
  readonly reduction: number;
  /** Convolutions at chosen places; otherwise at their own, which takes much less memory. True unless given. */
  readonly deformable?: boolean;
}

const KERNEL = 3;
const TAPS = KERNEL * KERNEL;
const SMALL = { kind: 'normal', std: 0.01 } as const;
const NONE = { kind: 'constant', value: 0 } as const;

/**
 * Levels of a pyramid [h, w, C], the largest first, each by itself, the one below it and the one above it: convolved,
 * weighted by attention, averaged, and activated by DyReLU. All levels share the weights of `block`. A level below is
 * read with a stride of 2; one above is brought to the size of this one first, which the public code of dynamic heads
 * does after its convolution, with offsets of another size.
 */
export function dynamicEncoderBlock<V>(
  net: Net<V>,
  block: string,
  levels: readonly V[],
  { groupWidth, reduction, deformable = true }: DynamicEncoderOptions,
): readonly V[] {
  return levels.map((level, l) => {
    const width = net.shape(level).at(-1)!;
    const chosen = deformable ? placesOf(net, block, level) : [];
    const source = (name: string, x: V, stride: number): V => {
      const options = { out: width, kernel: KERNEL, stride, bias: true, init: SMALL, biasInit: NONE };
      const layer = `${block}.${name}`;
      const y = deformable
        ? net.apply(deformableConv, layer, [x, ...chosen], options)
        : net.conv(layer, x, options);
      return net.groupNorm(`${layer}.gn`, y, { groupWidth, epsilon: 1e-5 });
    };
    const [below, above] = [levels[l - 1], levels[l + 1]];
    const sources = [
      source('mid', level, 1),
      ...(below === undefined ? [] : [source('low', below, 2)]),
      ...(above === undefined ? [] : [source('high', net.apply(resizedLike, '', [above, level], null), 1)]),
    ];
    const joined = net.apply(
      weightedMean,
      '',
      sources.flatMap((x) => [x, attentionOf(net, block, x)]),
      null,
    );
    const pooled = net.globalAveragePool(joined);
    const hidden = net.relu(net.dense(`${block}.relu.fc.0`, pooled, { out: width / reduction }));
    const coefficients = net.dense(`${block}.relu.fc.2`, hidden, { out: 4 * width });
    return net.apply(dynamicRelu, '', [joined, coefficients], null);
  });
}

/** Offsets and weights of taps, from the level itself. */
function placesOf<V>(net: Net<V>, block: string, level: V): readonly [V, V] {
  const options = { out: 3 * TAPS, kernel: KERNEL, bias: true, init: SMALL, biasInit: NONE };
  const both = net.conv(`${block}.offset`, level, options);
  const part = (start: number, count: number): V => net.apply(takeChannels, '', [both], { start, count });
  return [part(0, 2 * TAPS), net.sigmoid(part(2 * TAPS, TAPS))];
}

/** How much a source counts [1], by its mean. The mean of a convolution of 1x1 is the convolution of the mean. */
function attentionOf<V>(net: Net<V>, block: string, x: V): V {
  const options = { out: 1, kernel: 1, bias: true, init: SMALL, biasInit: NONE };
  const score = net.globalAveragePool(net.conv(`${block}.attention`, x, options));
  return net.apply(hardSigmoid, '', [net.relu(score)], null);
}
