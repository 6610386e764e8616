// Feature pyramids (Lin et al. 2017) as parts of a network's program.

import type { Net } from '@ma-net/core';

export interface PyramidOptions {
  /** Channels of every level. */
  readonly width: number;
  /** Before the names of its layers, `fpn` unless given: `fpn.fpn_lateral3.weight`. */
  readonly name?: string;
  /** The number of the first of the maps given: 3 for C3, C4, C5. */
  readonly first: number;
  /** Levels beyond the maps given: FCOS's two convolutions of stride 2, Faster R-CNN's pooling, or none. */
  readonly beyond: 'convolutions' | 'pooling' | 'none';
}

/**
 * Levels of one width from maps that halve from one to the next: each is convolved by 1x1, the coarser level is added to
 * it at twice its size, and the sum is convolved by 3x3. Names are those of detectron2.
 */
export function featurePyramid<V>(
  net: Net<V>,
  maps: readonly V[],
  { width, name = 'fpn', first, beyond }: PyramidOptions,
): readonly V[] {
  const conv = (layer: string, x: V, kernel: number, stride = 1): V =>
    net.conv(`${name}.${layer}`, x, { out: width, kernel, stride, bias: true });
  const levels: V[] = [];
  let above: V | undefined;
  for (let i = maps.length - 1; i >= 0; i--) {
    const lateral = conv(`fpn_lateral${first + i}`, maps[i]!, 1);
    above = above === undefined ? lateral : net.add(lateral, net.upsample(above, { times: 2 }));
    levels.unshift(conv(`fpn_output${first + i}`, above, 3));
  }
  const last = levels.at(-1)!;
  if (beyond === 'pooling') levels.push(net.maxPool(last, { kernel: 1, stride: 2, pad: 0 }));
  if (beyond === 'convolutions') {
    const next = conv(`top_block.p${first + maps.length}`, last, 3, 2);
    levels.push(next, conv(`top_block.p${first + maps.length + 1}`, net.relu(next), 3, 2));
  }
  return levels;
}
