// The constants of Faster R-CNN (Ren et al. 2015; with a pyramid, Lin et al. 2017), where implementations differ and where
// they agree. All of them are those of the public code.

import type {
  DeltaOptions,
  MatchOptions,
  NmsOptions,
  RoiAlignOptions,
  SampleOptions,
} from '@ma-net/detection';

/** Who looks for objects: every anchor of every level. */
export interface RpnRules {
  /** Side of a square anchor, in strides of its level. */
  readonly scale: number;
  /** Height over width. */
  readonly ratios: readonly number[];
  /** Whether anchors around (0, 0) have whole numbers for sides. */
  readonly roundedAnchors: boolean;
  /** How far apart they stand: the stride of their level, or whole pixels, as often as the map goes into the image. */
  readonly apart: 'stride' | 'whole pixels';
  readonly match: MatchOptions;
  readonly sample: SampleOptions;
  /** What the losses are divided by: the anchors that are looked at, or those that there is room for. */
  readonly per: 'sampled' | 'room';
  /** Anchors that a level may hand over, in training and elsewhere. */
  readonly perLevel: readonly [training: number, otherwise: number];
  /** Proposals of an image, in training and elsewhere. */
  readonly proposals: readonly [training: number, otherwise: number];
  readonly overlap: NmsOptions['threshold'];
  /** Proposals with a side of less are none; those without area never are. */
  readonly smallest: number;
}

/** Who says what they are: every box that was proposed. */
export interface RoiRules {
  readonly match: MatchOptions;
  readonly sample: SampleOptions;
  /** Whether the objects themselves come before what is proposed, or after it. */
  readonly objects: 'first' | 'last';
  readonly align: Pick<RoiAlignOptions, 'sampling' | 'aligned'>;
  readonly stds: DeltaOptions['stds'];
  /** Where background stands among the classes. */
  readonly background: 'first' | 'last';
  /** Scores up to this are no detections. */
  readonly threshold: number;
  readonly overlap: NmsOptions['threshold'];
  /** Detections of an image. */
  readonly limit: number;
  /** Detections with a side of less, in pixels, are none. */
  readonly smallest: number;
}

export interface RcnnRules {
  readonly rpn: RpnRules;
  readonly roi: RoiRules;
  /** Of both losses of boxes: a parabola below this, L1 beyond; 0 is L1. */
  readonly beta: number;
  readonly clamp: DeltaOptions['clamp'];
}

export const RCNN_RULES = ['detectron2', 'mmdetection', 'torchvision'] as const;
/** Whose constants. */
export type RuleSet = (typeof RCNN_RULES)[number];

const detectron2: RcnnRules = {
  rpn: {
    scale: 8,
    ratios: [0.5, 1, 2],
    roundedAnchors: false,
    apart: 'stride',
    match: { positive: 0.7, negative: 0.3, nearest: { rule: 'detectron2' } },
    sample: { size: 256, positiveFraction: 0.5 },
    per: 'room',
    perLevel: [2000, 1000],
    proposals: [1000, 1000],
    overlap: 0.7,
    smallest: 0,
  },
  roi: {
    match: { positive: 0.5, negative: 0.5 },
    sample: { size: 512, positiveFraction: 0.25 },
    objects: 'last',
    align: { sampling: { adaptive: true, most: 4 }, aligned: true },
    stds: [0.1, 0.1, 0.2, 0.2],
    background: 'last',
    threshold: 0.05,
    overlap: 0.5,
    limit: 100,
    smallest: 0,
  },
  beta: 0,
  clamp: 'above',
};

const sets: Readonly<Record<RuleSet, RcnnRules>> = {
  detectron2,
  mmdetection: {
    ...detectron2,
    rpn: {
      ...detectron2.rpn,
      match: { positive: 0.7, negative: 0.3, nearest: { rule: 'mmdetection', from: 0.3 } },
      per: 'sampled',
    },
    roi: { ...detectron2.roi, objects: 'first' },
    clamp: 'both',
  },
  torchvision: {
    ...detectron2,
    rpn: {
      ...detectron2.rpn,
      roundedAnchors: true,
      apart: 'whole pixels',
      per: 'sampled',
      proposals: [2000, 1000],
      smallest: 1e-3,
    },
    roi: {
      ...detectron2.roi,
      align: { sampling: 2, aligned: false },
      background: 'first',
      smallest: 1e-2,
    },
    beta: 1 / 9,
  },
};

/** How many, where machines or images are smaller than those of COCO. */
export interface RcnnAmounts {
  /** Anchors of an image that the first losses look at. */
  readonly anchors?: number;
  /** Proposals of an image in training and elsewhere. */
  readonly proposals?: readonly [training: number, otherwise: number];
  /** Proposals of an image that the second losses look at. */
  readonly rois?: number;
  /** Points along a side of a cell of a box; as the code whose rules these are chooses, up to 4, unless given. */
  readonly sampling?: number;
  /** Side of a square anchor, in strides of its level. */
  readonly scale?: number;
}

/** The constants of `set`, with amounts of one's own. */
export function rcnnRules(
  set: RuleSet,
  { anchors, proposals, rois, sampling, scale }: RcnnAmounts = {},
): RcnnRules {
  const { rpn, roi, ...both } = sets[set];
  return {
    ...both,
    rpn: {
      ...rpn,
      scale: scale ?? rpn.scale,
      sample: { ...rpn.sample, size: anchors ?? rpn.sample.size },
      proposals: proposals ?? rpn.proposals,
    },
    roi: {
      ...roi,
      sample: { ...roi.sample, size: rois ?? roi.sample.size },
      align: { ...roi.align, sampling: sampling ?? roi.align.sampling },
    },
  };
}
