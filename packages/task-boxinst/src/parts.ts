// What recipes may choose here.

import { definePart, type TaskOn } from '@ma-net/core';
import type { CocoBatch } from '@ma-net/data-coco';
import { condInstNetworkPart } from '@ma-net/detection';
import { z } from 'zod';

const count = z.int().min(1);

/** A residual network under a pyramid, and heads on it. */
export const boxInstNetwork = condInstNetworkPart(
  {
    id: '@ma-net/task-boxinst#boxInstNetwork',
    name: 'boxinst',
    about: 'BoxInst on a residual network and a pyramid, P3 to P7',
  },
  async () => (await import('./network.ts')).boxInstNetwork,
);

const part = z.number().min(0).max(1);

/** Boxes and masks, of which only the boxes are given. */
export const boxinst = definePart({
  id: '@ma-net/task-boxinst#boxinst',
  kind: 'task',
  about: 'boxes and masks by filters of every instance, learned from boxes alone: BoxInst',
  schema: z.strictObject({
    /** Points of an image that learn a mask, shared evenly among its objects. */
    instances: count.default(64),
    /** Colours at least so similar belong together. */
    similarity: part.default(0.3),
    /** Mini-batches over which the loss of pairs grows to its full weight. */
    warmup: count.default(10_000),
    /** Rows at the bottom of an original image whose colours do not count. */
    bottom: z.int().min(0).default(10),
    /** In which order the network sees the channels, as the data have it. */
    channels: z.enum(['RGB', 'BGR']).default('RGB'),
    /** Scores up to this are no detections. */
    threshold: part.default(0.05),
    /** Overlap from which on the less sure of two detections of a class goes. */
    overlap: part.default(0.6),
    /** Detections of an image. */
    limit: count.default(100),
  }),
  open: async (options): Promise<TaskOn<CocoBatch>> => {
    const { boxInstTask } = await import('./boxinst.ts');
    return (network, { input }) => boxInstTask(network, input, options);
  },
});

export const parts = [boxInstNetwork, boxinst];
