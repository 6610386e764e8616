// What recipes may choose here.

import { definePart, type TaskOn } from '@ma-net/core';
import { z } from 'zod';
import type { ClassificationBatch } from './classification.ts';

/** One label per image. */
export const classification = definePart({
  id: '@ma-net/task-classification#classification',
  kind: 'task',
  about: 'one label per image: cross-entropy, top-1',
  schema: z.strictObject({
    /** Share of the target spread evenly over all classes while training. */
    labelSmoothing: z.number().min(0).lt(1).default(0),
  }),
  open: async (options): Promise<TaskOn<ClassificationBatch>> => {
    const { classification: create } = await import('./classification.ts');
    return (network) => create(network, options);
  },
});

export const parts = [classification];
