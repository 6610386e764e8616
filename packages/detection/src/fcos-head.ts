// FCOS (Tian et al. 2019), the detector that CondInst and BoxInst stand on: every point of a pyramid says which class
// it lies in, how far the sides of the box are, and how near its middle is. Constants and names are AdelaiDet's.

import type { Net } from '@ma-net/core';
import { learnedScale } from './learned-scale.ts';

export interface FcosHeadOptions {
  readonly classes: number;
  /** Convolutions of each tower; 4 unless given. */
  readonly convolutions?: number;
  /** Channels of a group of their normalisations; 8 of 256 unless given. */
  readonly groupWidth?: number;
  /** Before the names of its layers, `fcos.fcos_head` unless given. */
  readonly name?: string;
}

/** What FCOS says at a level of the pyramid. */
export interface FcosLevel<V> {
  /** Logits of the classes [B, H, W, K]. */
  readonly cls: V;
  /** Distances to the left, top, right and bottom side [B, H, W, 4], in strides of the level, at least 0. */
  readonly ltrb: V;
  /** Logit of the centerness [B, H, W, 1]. */
  readonly ctr: V;
  /** The tower that boxes are read from [B, H, W, C]: more may be read from it. */
  readonly tower: V;
}

const SMALL = { kind: 'normal', std: 0.01 } as const;
const NONE = { kind: 'constant', value: 0 } as const;
/** At the start one point of a hundred is taken for an object (Lin et al. 2017, section 4.1). */
const PRIOR = { kind: 'constant', value: -Math.log((1 - 0.01) / 0.01) } as const;

/** The head on every level, with the same weights but for a scale of the distances. */
export function fcosHead<V>(
  net: Net<V>,
  levels: readonly V[],
  { classes, convolutions = 4, groupWidth = 8, name = 'fcos.fcos_head' }: FcosHeadOptions,
): readonly FcosLevel<V>[] {
  const conv = (layer: string, x: V, out: number, biasInit: typeof NONE | typeof PRIOR = NONE): V =>
    net.conv(`${name}.${layer}`, x, { out, kernel: 3, bias: true, init: SMALL, biasInit });
  const tower = (which: string, level: V): V => {
    let x = level;
    const width = net.shape(level).at(-1)!;
    for (let i = 0; i < convolutions; i++) {
      // Convolution, normalisation, ReLU: three modules each.
      const y = conv(`${which}.${3 * i}`, x, width);
      x = net.relu(net.groupNorm(`${name}.${which}.${3 * i + 1}`, y, { groupWidth, epsilon: 1e-5 }));
    }
    return x;
  };
  return levels.map((level, l) => {
    const [classTower, boxTower] = [tower('cls_tower', level), tower('bbox_tower', level)];
    const distances = net.apply(learnedScale, `${name}.scales.${l}`, [conv('bbox_pred', boxTower, 4)], null);
    return {
      cls: conv('cls_logits', classTower, classes, PRIOR),
      ltrb: net.relu(distances),
      ctr: conv('ctrness', boxTower, 1),
      tower: boxTower,
    };
  });
}
