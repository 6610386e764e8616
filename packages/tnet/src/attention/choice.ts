// What a residual network of the zoo can be given besides its convolutions, as recipes say it.

import { checked } from '@ma-net/core';
import { z } from 'zod';
import type { PlugIns } from './block.ts';
import { residualGroupExcitation, spatialPyramidExcitation, squeezeExcitation } from './excitation.ts';
import { selfAttentivePooling } from './self-attentive-pooling.ts';

const count = z.int().min(1);
const reduction = count.default(16);
const perStage = z.union([count, z.array(count).min(1)]);

export const attentionChoice = z.discriminatedUnion('kind', [
  z.strictObject({
    /** Squeeze and excitation. */
    kind: z.literal('se'),
    /** How many times fewer channels there are in between. */
    reduction,
  }),
  z.strictObject({
    /** The same, with a pyramid of cells in place of the mean. */
    kind: z.literal('spse'),
    /** How many times fewer channels there are in between. */
    reduction,
  }),
  z.strictObject({
    /** The same, with windows of one size. */
    kind: z.literal('rgse'),
    /** How many times fewer channels there are in between. */
    reduction,
    /** Side of a window; that of the last stage's maps unless given. */
    window: count.exactOptional(),
  }),
  z.strictObject({
    /** Non-local pooling in place of strides. */
    kind: z.literal('self-attentive-pooling'),
    /** Channels of a patch, as a part of those of the map. */
    ratio: z.number().positive().max(4).default(1),
    /** Of the attention; one number, or one for each stage that halves the map. */
    heads: perStage.default(2),
    /** Side of a patch; one number, or one for each stage that halves the map. */
    patch: perStage.default(1),
  }),
]);

export type AttentionChoice = Readonly<z.input<typeof attentionChoice>>;

/** The blocks of a choice; none where nothing was chosen. Throws `bad-recipe` for one that is none. */
export function plugInsOf(choice: AttentionChoice | undefined): PlugIns {
  if (choice === undefined) return {};
  const options = checked(attentionChoice, choice, { what: 'The attention', where: 'attention' });
  switch (options.kind) {
    case 'se':
      return { branch: squeezeExcitation(options) };
    case 'spse':
      return { branch: spatialPyramidExcitation(options) };
    case 'rgse': {
      const { reduction, window } = options;
      return {
        branch: residualGroupExcitation(window === undefined ? { reduction } : { reduction, window }),
      };
    }
    case 'self-attentive-pooling':
      return { pool: selfAttentivePooling(options) };
  }
}
