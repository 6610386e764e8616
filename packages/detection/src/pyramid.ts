// Feature pyramids (Lin et al. 2017) as parts of a network's program.

import { type Net, zeros } from '@ma-net/core';

export interface PyramidOptions {
  /** Channels of every level. */
  readonly width: number;
  /** Before the names of its layers, `fpn` unless given: `fpn.inner_blocks.0.0.weight`. */
  readonly name?: string;
  /** The number of the first of the maps given: 3 for C3, C4, C5. */
  readonly first: number;
  /**
   * Levels beyond the maps given: Faster R-CNN's pooling; two convolutions of stride 2, of the last level as FCOS has
   * them or of the last map as RetinaNet has them; or none.
   */
  readonly beyond: 'pooling' | 'convolutions' | 'convolutions of the map' | 'none';
}

/**
 * Levels of one width from maps that halve from one to the next: each is convolved by 1x1, the coarser level is added to
 * it at twice its size, and the sum is convolved by 3x3. Names are those of torchvision.
 */
export function featurePyramid<V>(
  net: Net<V>,
  maps: readonly V[],
  { width, name = 'fpn', first, beyond }: PyramidOptions,
): readonly V[] {
  const conv = (layer: string, x: V, kernel: number, stride = 1): V => {
    // Of variance 1 / fan-in, without biases at the start: what all reference codes begin with.
    const init = { kind: 'uniform', limit: Math.sqrt(3 / (net.shape(x).at(-1)! * kernel ** 2)) } as const;
    return net.conv(`${name}.${layer}`, x, { out: width, kernel, stride, bias: true, init, biasInit: zeros });
  };
  const levels: V[] = [];
  let above: V | undefined;
  for (let i = maps.length - 1; i >= 0; i--) {
    const lateral = conv(`inner_blocks.${i}.0`, maps[i]!, 1);
    above = above === undefined ? lateral : net.add(lateral, net.upsample(above, { times: 2 }));
    levels.unshift(conv(`layer_blocks.${i}.0`, above, 3));
  }
  const last = levels.at(-1)!;
  if (beyond === 'pooling') levels.push(net.maxPool(last, { kernel: 1, stride: 2, pad: 0 }));
  if (beyond === 'convolutions' || beyond === 'convolutions of the map') {
    const from = beyond === 'convolutions' ? last : maps.at(-1)!;
    const next = conv(`extra_blocks.p${first + maps.length}`, from, 3, 2);
    levels.push(next, conv(`extra_blocks.p${first + maps.length + 1}`, net.relu(next), 3, 2));
  }
  return levels;
}
