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

export const parts = [zoo];
