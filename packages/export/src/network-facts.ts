// What an exported network says about itself, as the strings of a safetensors file's metadata.

import { MaNetError } from '@ma-net/core';
import type { ImageSet } from '@ma-net/data';
import type { CompactionPlan, PrunePlan } from '@ma-net/mnet';
import type { TNetOptions } from '@ma-net/tnet';
import { z } from 'zod';

/** How images become the network's input: (pixel / white - mean) / std, channel by channel. */
export type InputFacts = ImageSet['normalisation'] & Pick<ImageSet, 'white'>;

/** What an exported network says about itself. */
export interface NetworkFacts {
  /** Name in the zoo and options it was built with, before any compaction. */
  readonly tnet: { readonly name: string } & Omit<TNetOptions, 'numClasses'>;
  readonly classNames: readonly string[];
  readonly input: InputFacts;
  /** Which connections were removed; absent for a network that was never pruned. */
  readonly plan?: PrunePlan;
  /** Which channels were cut away; absent for a network of its original widths. */
  readonly compaction?: CompactionPlan;
  /** The recipe it was trained by, as JSON; `parseRecipe` checks it. */
  readonly recipe?: unknown;
}

/** One entry per fact, in JSON. */
export function toMetadata({ classNames, ...facts }: NetworkFacts): Record<string, string> {
  return Object.fromEntries(
    Object.entries({ ...facts, classes: classNames })
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, JSON.stringify(value)]),
  );
}

const counts = z.array(z.int().min(0));
const shape = z.tuple([z.int().min(1), z.int().min(1), z.int().min(1)]);
const ruleSchema = z.discriminatedUnion('mode', [
  z.object({ mode: z.literal('delta'), delta: z.number(), kappa: z.number() }),
  z.object({ mode: z.literal('target'), removeModulated: z.number() }),
]);
const planSchema = z.object({
  network: z.string(),
  rule: ruleSchema,
  kernels: z.array(
    z.object({
      param: z.string(),
      preNeurons: z.int(),
      postNeurons: z.int(),
      area: z.int(),
      keptConnections: z.int(),
      mask: z.string(),
    }),
  ),
  removedParams: z.int(),
  totalParams: z.int(),
});
const compactionSchema = z.object({
  network: z.string(),
  cuts: z.array(z.object({ group: z.string(), keep: counts, of: z.int() })),
  removedParams: z.int(),
  totalParams: z.int(),
  removedMacs: z.number(),
  totalMacs: z.number(),
});

/** What the metadata must hold; unknown entries are somebody else's. */
const factsSchema = z.object({
  tnet: z.object({
    name: z.string(),
    inputShape: shape.optional(),
    modulateStem: z.boolean().optional(),
    modulateClassifier: z.boolean().optional(),
  }),
  classes: z.array(z.string()).min(1),
  input: z.object({ mean: z.array(z.number()), std: z.array(z.number()), white: z.number().positive() }),
  plan: planSchema.optional(),
  compaction: compactionSchema.optional(),
  recipe: z.unknown().optional(),
});

/** The inverse of `toMetadata`. Throws `bad-file` where an entry is missing or not what it should be. */
export function parseFacts(metadata: Readonly<Record<string, string>>, where: string): NetworkFacts {
  const refuse = (problem: string): never => {
    throw new MaNetError('bad-file', `The metadata of the network cannot be used: ${problem}.`, {
      where,
      hint: 'the file was edited or damaged: export the network again.',
    });
  };
  const parsed: Record<string, unknown> = {};
  for (const key of Object.keys(factsSchema.shape)) {
    const text = metadata[key];
    if (text === undefined) continue;
    try {
      parsed[key] = JSON.parse(text);
    } catch {
      refuse(`"${key}" is not JSON`);
    }
  }
  const result = factsSchema.safeParse(parsed);
  if (!result.success) {
    const [issue] = result.error.issues;
    return refuse(`${issue!.path.join('.')}: ${issue!.message}`);
  }
  const { classes, ...facts } = result.data;
  return { ...facts, classNames: classes } as NetworkFacts;
}
