// What recipes may choose here: the networks of DETR and Dynamic DETR, and the task that trains them.

import { type Architecture, type DataFacts, definePart, type Network, type TaskOn } from '@ma-net/core';
import type { CocoBatch } from '@ma-net/data-coco';
import type { StartingWeights } from '@ma-net/detection';
import { z } from 'zod';

const count = z.int().min(1);
const rate = z.number().min(0).lt(1);

/** A residual network; ResNet-50 unless given. */
const body = z
  .strictObject({
    /** Two convolutions of 3x3, or three that are narrow in the middle. */
    block: z.enum(['basic', 'bottleneck']),
    /** Blocks of each stage. */
    depths: z.array(count).min(1),
    /** Channels of the first stage, which each later one doubles; 64 unless given. */
    width: count.exactOptional(),
    /** Of the inner convolutions of bottlenecks, as a multiple. */
    widen: count.exactOptional(),
    /** `imagenet`: 7x7 of stride 2 and pooling; `half`: 3x3 of stride 2; `cifar`: 3x3. */
    stem: z.enum(['imagenet', 'cifar', 'half']),
    /** The convolution of a bottleneck that halves the map; 3x3 unless given. */
    strideIn: z.enum(['1x1', '3x3']).exactOptional(),
    /** Batch normalisation as it was trained, which is left as it is, or one that is trained. */
    norm: z.enum(['frozen', 'batch']).exactOptional(),
  })
  .default({ block: 'bottleneck', depths: [3, 4, 6, 3], stem: 'imagenet' });

/** What both networks have in common. */
const shared = {
  /** The residual network; ResNet-50 unless given. */
  body,
  /** Channels of the transformer. */
  width: count.default(256),
  /** Attention heads, which share them. */
  heads: count.default(8),
  /** Channels inside of feed-forward networks. */
  feedForward: count.default(2048),
  /** Part of the numbers that is dropped in training. */
  dropout: rate.default(0.1),
  /** Layers in which queries look at the image, one after the other. */
  decoderLayers: count.default(6),
  /**
   * Weights to start from, a safetensors file or `hub:owner/name`: of the whole network, as the public code or this
   * program writes it, or of a residual classifier for the body, which keeps the widths that pruning left it. Fresh ones
   * unless given.
   */
  weights: z.string().exactOptional(),
  /** What of them: all that fits, unless given; or the body alone, of whatever detector or classifier they are. */
  take: z.enum(['all', 'body']).exactOptional(),
};

/** DETR: a transformer on the last stage of a residual network. */
export const detrNetwork = definePart({
  id: '@ma-net/task-detr#detrNetwork',
  kind: 'network',
  about: 'DETR: a transformer that says of each learned query which object it found',
  schema: z.strictObject({
    ...shared,
    /** Objects that can be found in an image. */
    queries: count.default(100),
    /** Layers in which the places of the image look at each other. */
    encoderLayers: count.default(6),
  }),
  open: async ({ weights, take, ...options }): Promise<Architecture> => {
    const { detrNetwork: create } = await import('./network.ts');
    return async (facts, how) => {
      const classes = facts.classNames.length;
      return started(create('detr', imagesOf(facts), { ...options, classes }), { weights, take }, how);
    };
  },
});

/** Dynamic DETR: convolutions at chosen places across a pyramid, and queries that look into boxes. */
export const dynamicDetrNetwork = definePart({
  id: '@ma-net/task-detr#dynamicDetrNetwork',
  kind: 'network',
  about: 'Dynamic DETR: dynamic convolutions across a pyramid, queries that look into boxes',
  schema: z.strictObject({
    ...shared,
    /** Objects that can be found in an image. */
    queries: count.default(300),
    /** Blocks in which the levels of the pyramid are brought together. */
    encoderBlocks: count.default(6),
    /** Numbers of a query that its matrix is made of. */
    rank: count.default(16),
    /** Channels of a group of normalisations. */
    groupWidth: count.default(16),
    /** What the channels are divided by inside of DyReLU. */
    reduction: count.default(4),
    /** Convolutions at chosen places; plain ones take much less memory. */
    deformable: z.boolean().default(true),
  }),
  open: async ({ weights, take, ...options }): Promise<Architecture> => {
    const { dynamicDetrNetwork: create } = await import('./dynamic-network.ts');
    return async (facts, how) => {
      const classes = facts.classNames.length;
      return started(
        create('dynamic-detr', imagesOf(facts), { ...options, classes }),
        { weights, take },
        how,
      );
    };
  },
});

const setWeights = z.strictObject({
  /** Of the class. */
  class: z.number(),
  /** Of the distances of the sides of boxes. */
  l1: z.number(),
  /** Of the generalised overlap of boxes. */
  giou: z.number(),
});

/** Detection as the prediction of a set. */
export const detr = definePart({
  id: '@ma-net/task-detr#detr',
  kind: 'task',
  about: "boxes of objects as a set: matching of least cost, L1 and overlap, COCO's AP",
  schema: z.strictObject({
    /** Softmax over classes and no object, as DETR; or the focal loss of every class, as Dynamic DETR. */
    classification: z
      .discriminatedUnion('kind', [
        z.strictObject({
          kind: z.literal('softmax'),
          /** Weight of queries that are to find nothing. */
          noObject: z.number().positive().default(0.1),
        }),
        z.strictObject({
          kind: z.literal('focal'),
          /** Weight of what is there; of what is not there 1 less it. */
          alpha: z.number().min(0).max(1).default(0.25),
          /** How much less counts what is sure. */
          gamma: z.number().min(0).default(2),
        }),
      ])
      .default({ kind: 'softmax', noObject: 0.1 }),
    /** What matching compares. */
    costs: setWeights.default({ class: 1, l1: 5, giou: 2 }),
    /** What the loss adds up. */
    weights: setWeights.default({ class: 1, l1: 5, giou: 2 }),
    /** Most detections of an image. */
    detections: count.default(100),
  }),
  open: async (options): Promise<TaskOn<CocoBatch>> => {
    const { detr: create } = await import('./detr.ts');
    return (network) => create(network, options);
  },
});

export const parts = [detrNetwork, dynamicDetrNetwork, detr];

function imagesOf({ shapes }: DataFacts): readonly [number, number, number] {
  return shapes['images'] as readonly [number, number, number];
}

async function started(
  network: Network<'images' | 'sizes'>,
  weights: StartingWeights,
  how: Parameters<Architecture>[1],
): Promise<Network> {
  const [{ startedFrom }, { withDetrWeights }] = await Promise.all([
    import('@ma-net/detection'),
    import('./weights.ts'),
  ]);
  return startedFrom(network as unknown as Network, weights, how, withDetrWeights);
}
