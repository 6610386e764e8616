// What recipes may choose here.

import { type Architecture, definePart, type Network, type TaskOn } from '@ma-net/core';
import type { CocoBatch } from '@ma-net/data-coco';
import { z } from 'zod';

const count = z.int().min(1);

/** A residual network under a pyramid, and heads on it. */
export const condInstNetwork = definePart({
  id: '@ma-net/task-condinst#condInstNetwork',
  kind: 'network',
  about: 'CondInst on a residual network and a pyramid, P3 to P7',
  schema: z.strictObject({
    /** The residual network; ResNet-50 unless given. */
    body: z
      .strictObject({
        block: z.enum(['basic', 'bottleneck']),
        /** Blocks of each of four stages. */
        depths: z.array(count).length(4),
        /** Channels of the first stage, which each later one doubles. */
        width: count.exactOptional(),
        /** Of the inner convolutions of bottlenecks, as a multiple. */
        widen: z.number().positive().exactOptional(),
        strideIn: z.enum(['1x1', '3x3']).exactOptional(),
        /** Batch normalisation as it was trained, which is left as it is, or one that is trained. */
        norm: z.enum(['frozen', 'batch']).exactOptional(),
      })
      .default({ block: 'bottleneck', depths: [3, 4, 6, 3] }),
    /** Channels of the pyramid and of the head's towers. */
    width: count.default(256),
    /** Convolutions of each tower. */
    convolutions: count.default(4),
    /** Channels of a group of their normalisations. */
    groupWidth: count.default(8),
    /** Channels between the mask features' convolutions. */
    maskWidth: count.default(128),
    /**
     * Weights to start from, a safetensors file: of the whole network, as AdelaiDet or this program writes it, or of a
     * residual classifier for the body, which keeps the widths that pruning left it. Fresh ones unless given.
     */
    weights: z.string().exactOptional(),
  }),
  open: async ({ weights, body, ...options }): Promise<Architecture> => {
    const { condInstNetwork: create } = await import('./network.ts');
    return async (facts, { fresh, tell }) => {
      const images = facts.shapes['images'] as readonly [number, number, number];
      const network = create('condinst', images, {
        ...options,
        body: { ...body, stem: 'imagenet' },
        classes: facts.classNames.length,
      }) as unknown as Network;
      if (weights === undefined || !fresh) return network;
      const [{ readSafetensors }, { withCondInstWeights }, { describeWeights }] = await Promise.all([
        import('@ma-net/core/node'),
        import('@ma-net/detection'),
        import('@ma-net/tnet'),
      ]);
      const { tensors } = await readSafetensors(weights);
      const { network: started, report } = withCondInstWeights(network, tensors, weights);
      tell?.(`starts from ${weights}: ${describeWeights(report)}`);
      return started;
    };
  },
});

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
