// Faster R-CNN on a pyramid as one program: with images alone it says where objects may be; with boxes as well, what they
// are. Names are those of torchvision.

import { defineNetwork, type Network, type Program, zeros } from '@ma-net/core';
import {
  type BackboneOptions,
  type BodyOptions,
  mapDense,
  pyramidBackbone,
  roiFeatures,
} from '@ma-net/detection';
import type { RcnnRules } from './rules.ts';

export interface RcnnShape {
  readonly body: BodyOptions;
  /** Channels of the pyramid; 256 unless given. */
  readonly width?: number;
  /** Neurons of both layers that look at a box; 1024 unless given. */
  readonly hidden?: number;
  /** Without background. */
  readonly classes: number;
  /** [height, width, 3] of an image; the sides are multiples of the largest stride of the pyramid's maps. */
  readonly images: readonly number[];
}

/** What the network says: of every level which anchors hold an object and where, and of every box what it is and where. */
export type RcnnOutput = `${RcnnLevel}.${'objectness' | 'deltas'}` | 'classes' | 'boxes';
export type RcnnNetwork = Network<'images' | 'rois', RcnnOutput>;

/** Levels that boxes are looked up in, and those where they are looked for. */
const LOOKED_UP = ['p2', 'p3', 'p4', 'p5'] as const;
export const RCNN_LEVELS = [...LOOKED_UP, 'p6'] as const;
export type RcnnLevel = (typeof RCNN_LEVELS)[number];

/** Pixels of the image per pixel of the first stage. */
const STRIDES = { imagenet: 4, half: 2, cifar: 1 } as const;

const SMALL = { kind: 'normal', std: 0.01 } as const;
const SMALLER = { kind: 'normal', std: 0.001 } as const;

/**
 * From `images` [B, H, W, 3] to `p2.objectness` [B, h, w, A] and `p2.deltas` [B, h, w, 4 A], and so on for every level;
 * and with `rois` [B, R, 4] (x0, y0, x1, y1 in pixels of the image) to `classes` [B, R, K + 1] and `boxes` [B, R, 4 K], or
 * 4 (K + 1) where background is the first class. Levels go from one look to the next.
 */
export function rcnnNetwork(name: string, shape: RcnnShape, rules: RcnnRules): RcnnNetwork {
  const { body, width = 256, hidden = 1024, classes, images } = shape;
  const { rpn, roi } = rules;
  const backbone: BackboneOptions = { body, pyramid: { width, first: 2, beyond: 'pooling' } };
  const anchors = rpn.ratios.length;
  const finest = STRIDES[body.stem];
  const fan = (inputs: number) => ({ kind: 'uniform', limit: Math.sqrt(3 / inputs) }) as const;

  const program: Program<'images' | 'rois'> = (net, given) => {
    const levels = pyramidBackbone(net, given.images, backbone);
    const head = { bias: true, init: SMALL, biasInit: zeros } as const;
    const first = Object.entries(levels).flatMap(([level, x]) => {
      const y = net.relu(net.conv('rpn.head.conv.0.0', x, { out: net.shape(x)[2]!, kernel: 3, ...head }));
      return [
        [`${level}.objectness`, net.conv('rpn.head.cls_logits', y, { out: anchors, kernel: 1, ...head })],
        [`${level}.deltas`, net.conv('rpn.head.bbox_pred', y, { out: 4 * anchors, kernel: 1, ...head })],
      ] as const;
    });
    const looked = { ...levels, ...Object.fromEntries(first) };
    if ((given.rois as unknown) === undefined) return looked;

    const features = net.apply(roiFeatures, '', [given.rois, ...LOOKED_UP.map((level) => levels[level]!)], {
      size: [7, 7],
      strides: LOOKED_UP.map((_, l) => finest * 2 ** l),
      finest: 14 * finest,
      ...roi.align,
    });
    const inputs = net
      .shape(features)
      .slice(1)
      .reduce((a, b) => a * b, 1);
    const fc6 = net.apply(mapDense, 'roi_heads.box_head.fc6', [features], {
      out: hidden,
      init: fan(inputs),
      biasInit: zeros,
    });
    const seen = net.relu(fc6);
    const fc7 = net.dense('roi_heads.box_head.fc7', seen, { out: hidden, init: fan(net.shape(seen)[1]!) });
    const known = net.relu(fc7);
    const predictor = 'roi_heads.box_predictor';
    const boxes = 4 * (roi.background === 'first' ? classes + 1 : classes);
    return {
      ...looked,
      classes: net.dense(`${predictor}.cls_score`, known, { out: classes + 1, init: SMALL }),
      boxes: net.dense(`${predictor}.bbox_pred`, known, { out: boxes, init: SMALLER }),
    };
  };
  const outputs = RCNN_LEVELS.flatMap((level) => [`${level}.objectness`, `${level}.deltas`] as const);
  return defineNetwork(name, { images, rois: [rpn.proposals[1], 4] }, program, {
    outputs: [...outputs, 'classes', 'boxes'],
    carried: LOOKED_UP,
  });
}
