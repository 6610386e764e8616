// What recipes may choose here: the network and the task, by the same rules.

import { type Architecture, definePart, type TaskOn } from '@ma-net/core';
import type { CocoBatch } from '@ma-net/data-coco';
import { z } from 'zod';
import { RCNN_RULES } from './rules.ts';

const count = z.int().min(1);

/** Whose constants, and how many of what: the same for the network and for the task. */
const ruled = {
  /** Whose Faster R-CNN it is: constants, and how numbers are rounded. */
  rules: z.enum(RCNN_RULES).default('detectron2'),
  /** Where machines or images are smaller than those of COCO. */
  amounts: z
    .strictObject({
      /** Anchors of an image that the first losses look at. */
      anchors: count.exactOptional(),
      /** Proposals of an image in training and elsewhere. */
      proposals: z.tuple([count, count]).exactOptional(),
      /** Proposals of an image that the second losses look at. */
      rois: count.exactOptional(),
      /** Points along a side of a cell of a box. */
      sampling: count.exactOptional(),
      /** Side of a square anchor, in strides of its level. */
      scale: z.number().positive().exactOptional(),
    })
    .default({}),
};

const body = z.strictObject({
  /** Two convolutions of 3x3, or three that are narrow in the middle. */
  block: z.enum(['basic', 'bottleneck']).default('bottleneck'),
  /** Blocks of each of four stages. */
  depths: z.array(count).length(4).default([3, 4, 6, 3]),
  /** Channels of the first stage, which each later one doubles. */
  width: count.default(64),
  /** `imagenet`: 7x7 of stride 2 and pooling; `half`: 3x3 of stride 2; `cifar`: 3x3. */
  stem: z.enum(['imagenet', 'half', 'cifar']).default('imagenet'),
  /** The convolution of a bottleneck that halves the map. */
  strideIn: z.enum(['1x1', '3x3']).default('3x3'),
  /** Frozen normalisation is for weights to start from. */
  norm: z.enum(['batch', 'frozen']).default('frozen'),
});

/** A residual network under a pyramid, with two looks. */
export const network = definePart({
  id: '@ma-net/task-rcnn#network',
  kind: 'network',
  about: 'Faster R-CNN on a residual network and a pyramid',
  schema: z.strictObject({
    /** The residual network; ResNet-50 unless given. */
    body: body.prefault({}),
    /** Channels of the pyramid. */
    width: count.default(256),
    /** Neurons of both layers that look at a box. */
    hidden: count.default(1024),
    ...ruled,
    /** Weights to start from: a safetensors file of a classifier or of a whole detector, or `hub:owner/name`. */
    weights: z.string().exactOptional(),
    /** What of them: all that fits, unless given; or the body alone, of whatever detector or classifier they are. */
    take: z.enum(['all', 'body']).exactOptional(),
  }),
  open: async ({ rules, amounts, weights, take, ...shape }): Promise<Architecture> => {
    const [{ rcnnNetwork }, { rcnnRules }, { withRcnnWeights }, { startedFrom }] = await Promise.all([
      import('./network.ts'),
      import('./rules.ts'),
      import('./weights.ts'),
      import('@ma-net/detection'),
    ]);
    return ({ classNames, shapes }, how) => {
      const images = shapes['images']!;
      const made = rcnnNetwork(
        'rcnn',
        { ...shape, classes: classNames.length, images },
        rcnnRules(rules, amounts),
      );
      return startedFrom(made, { weights, take }, how, withRcnnWeights);
    };
  },
});

/** Boxes of objects, by Faster R-CNN. */
export const rcnn = definePart({
  id: '@ma-net/task-rcnn#rcnn',
  kind: 'task',
  about: "boxes of objects: Faster R-CNN's four losses, COCO's average precision",
  schema: z.strictObject(ruled),
  open: async ({ rules, amounts }): Promise<TaskOn<CocoBatch>> => {
    const [{ rcnn: create }, { rcnnRules }] = await Promise.all([import('./rcnn.ts'), import('./rules.ts')]);
    return (of) => create(of, rcnnRules(rules, amounts));
  },
});

export const parts = [network, rcnn];
