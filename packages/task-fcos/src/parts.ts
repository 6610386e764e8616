// What recipes may choose here.

import { type Architecture, definePart, type TaskOn } from '@ma-net/core';
import type { CocoBatch } from '@ma-net/data-coco';
import { z } from 'zod';

const count = z.int().min(1);

/** A residual network under a pyramid, and heads on it. */
export const fcosNetwork = definePart({
  id: '@ma-net/task-fcos#fcosNetwork',
  kind: 'network',
  about: 'FCOS on a residual network and a pyramid from P3 on',
  schema: z.strictObject({
    /** The residual network; ResNet-50 unless given. */
    body: z
      .strictObject({
        /** Two convolutions of 3x3, or three that are narrow in the middle. */
        block: z.enum(['basic', 'bottleneck']),
        /** Blocks of each of four stages. */
        depths: z.array(count).length(4),
        /** Channels of the first stage, which each later one doubles. */
        width: count.exactOptional(),
        /** Batch normalisation as it was trained, which is left as it is, or one that is trained. */
        norm: z.enum(['frozen', 'batch']).exactOptional(),
      })
      .default({ block: 'bottleneck', depths: [3, 4, 6, 3] }),
    /** Channels of the pyramid and of the head's towers. */
    width: count.default(256),
    /** Levels beyond P5: two, or none where images are small. */
    beyond: z.enum(['convolutions', 'none']).default('convolutions'),
    /** Convolutions of each tower. */
    convolutions: count.default(4),
    /** Channels of a group of their normalisations. */
    groupWidth: count.default(8),
    /**
     * Weights to start from, a safetensors file or `hub:owner/name`: of the whole network, as AdelaiDet or this program
     * writes it, or of a residual classifier for the body, which keeps the widths that pruning left it. Fresh ones unless
     * given.
     */
    weights: z.string().exactOptional(),
    /** What of them: all that fits, unless given; or the body alone, of whatever detector or classifier they are. */
    take: z.enum(['all', 'body']).exactOptional(),
  }),
  open: async ({ weights, take, body, ...options }): Promise<Architecture> => {
    const [{ fcosNetwork: create }, { withFcosWeights }, { startedFrom }] = await Promise.all([
      import('./network.ts'),
      import('./weights.ts'),
      import('@ma-net/detection'),
    ]);
    return ({ shapes, classNames }, how) => {
      const images = shapes['images'] as readonly [number, number, number];
      const shape = { ...options, body: { ...body, stem: 'imagenet' as const }, classes: classNames.length };
      return startedFrom(create('fcos', images, shape), { weights, take }, how, withFcosWeights);
    };
  },
});

/** Boxes, without anchors. */
export const fcos = definePart({
  id: '@ma-net/task-fcos#fcos',
  kind: 'task',
  about: 'boxes without anchors: FCOS',
  schema: z.strictObject({
    /** The largest distance to a side, in pixels, that each level but the last is asked for. */
    ranges: z.array(z.number().positive()).default([64, 128, 256, 512]),
    /** Scores up to this are no detections. */
    threshold: z.number().min(0).lt(1).default(0.05),
    /** Overlap from which on the less sure of two detections of a class goes. */
    overlap: z.number().min(0).max(1).default(0.6),
    /** Detections of an image. */
    limit: count.default(100),
  }),
  open: async (options): Promise<TaskOn<CocoBatch>> => {
    const { fcosTask } = await import('./fcos.ts');
    return (network) => fcosTask(network, options);
  },
});

export const parts = [fcosNetwork, fcos];
