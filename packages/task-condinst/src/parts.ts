// What recipes may choose here.

import { definePart, type TaskOn } from '@ma-net/core';
import type { CocoBatch } from '@ma-net/data-coco';
import { condInstNetworkPart } from '@ma-net/detection';
import { z } from 'zod';

const count = z.int().min(1);

/** A residual network under a pyramid, and heads on it. */
export const condInstNetwork = condInstNetworkPart(
  {
    id: '@ma-net/task-condinst#condInstNetwork',
    name: 'condinst',
    about: 'CondInst on a residual network and a pyramid, P3 to P7',
  },
  async () => (await import('./network.ts')).condInstNetwork,
);

/** Boxes and masks, by filters that the network writes for every instance. */
export const condinst = definePart({
  id: '@ma-net/task-condinst#condinst',
  kind: 'task',
  about: 'boxes and masks by filters of every instance, learned from masks: CondInst',
  schema: z.strictObject({
    /** Room for instances of a mini-batch that learn a mask; where there are more, they are drawn. */
    instances: count.default(500),
    /** Scores up to this are no detections. */
    threshold: z.number().min(0).lt(1).default(0.05),
    /** Overlap from which on the less sure of two detections of a class goes. */
    overlap: z.number().min(0).max(1).default(0.6),
    /** Detections of an image. */
    limit: count.default(100),
  }),
  open: async (options): Promise<TaskOn<CocoBatch>> => {
    const { condInstTask } = await import('./condinst.ts');
    return (network) => condInstTask(network, options);
  },
});

export const parts = [condInstNetwork, condinst];
