// What recipes may choose here: any network of the zoo, by its name.

import { type Architecture, definePart } from '@ma-net/core';
import { z } from 'zod';
import { attentionChoice } from './attention/choice.ts';
import type { CreateOptions } from './zoo.ts';

const rate = z.number().min(0).lt(1);

/** A network of the zoo. */
export const zoo = definePart({
  id: '@ma-net/tnet#zoo',
  kind: 'network',
  about: 'a network of the zoo, such as resnet18-cifar or vit-b-16',
  schema: z.strictObject({
    /** As `manet networks` lists them. */
    name: z.string(),
    /** Weights to start from: a safetensors file, `hub`, or `hub:owner/name`; fresh ones unless given. */
    weights: z.string().exactOptional(),
    /** Of transformers: the part of numbers that is dropped in training. */
    dropout: rate.exactOptional(),
    /** Of transformers: the part of the last block's residual branches that is dropped in training. */
    dropPath: rate.exactOptional(),
    /** Of residual networks: attention in every block, or in place of its stride. */
    attention: attentionChoice.exactOptional(),
    /** Of networks with exits: how these learn from each other. */
    exits: z
      .strictObject({
        /** What an exit adds of the logits of the one before. */
        boost: z.number().min(0).max(1).exactOptional(),
        /** Whether what exits have in common receives the mean of their gradients, in place of the sum. */
        rescale: z.boolean().exactOptional(),
      })
      .exactOptional(),
  }),
  open: async ({ name, weights, ...asked }): Promise<Architecture> => {
    const { createTNet } = await import('./zoo.ts');
    const { describeWeights } = await import('./weights/describe.ts');
    return (facts, { fresh, tell }) => {
      const shape = facts.shapes['images'] as CreateOptions['inputShape'];
      return createTNet(name, {
        numClasses: facts.classNames.length,
        ...(shape === undefined ? {} : { inputShape: shape }),
        ...asked,
        ...(fresh && weights !== undefined
          ? { weights, onWeights: (report) => tell?.(`starts from ${weights}: ${describeWeights(report)}`) }
          : {}),
      });
    };
  },
});

/** A residual network of any shape: what detectors have as their body, for one to begin with. */
export const resnet = definePart({
  id: '@ma-net/tnet#resnet',
  kind: 'network',
  about: 'a residual network of any shape, such as the body of a detector, to classify with',
  schema: z.strictObject({
    /** Two 3x3 convolutions, or a 3x3 between two 1x1. */
    block: z.enum(['basic', 'bottleneck']).default('basic'),
    /** Blocks of each stage. */
    depths: z.array(z.int().min(1)).min(1).default([2, 2, 2, 2]),
    /** Of the first stage; each later one is twice as wide. */
    width: z.int().min(1).default(64),
    /** Width inside of a bottleneck, as a multiple. */
    widen: z.number().min(1).exactOptional(),
    /** 7x7 with stride 2 and pooling; 3x3; or 3x3 with stride 2. */
    stem: z.enum(['imagenet', 'cifar', 'half']).default('imagenet'),
    /** The convolution of a bottleneck that halves the map. */
    strideIn: z.enum(['1x1', '3x3']).default('3x3'),
  }),
  open: async (shape): Promise<Architecture> => {
    const { resnet: build } = await import('./resnet.ts');
    return async (facts) => {
      const inputShape = facts.shapes['images'] as CreateOptions['inputShape'];
      const name = `resnet-${shape.block}-${shape.depths.join('-')}-${shape.width}`;
      const { widen, ...rest } = shape;
      return build(name, widen === undefined ? rest : { ...rest, widen }, {
        numClasses: facts.classNames.length,
        ...(inputShape === undefined ? {} : { inputShape }),
      });
    };
  },
});

export const parts = [zoo, resnet];
