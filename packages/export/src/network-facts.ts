// What an exported network says about itself, as the strings of a safetensors file's metadata.

import type { Architecture, DataFacts, HostTensor, Use } from '@ma-net/core';
import { MaNetError } from '@ma-net/core';
import type { CompactionPlan, PrunePlan } from '@ma-net/mnet';
import { z } from 'zod';
import { withoutLocalPaths } from './local-paths.ts';
import { readPlan, writePlan, type WrittenPlan, writtenPlan } from './packed-plan.ts';

/** What an exported network says about itself: all that it takes to use it. */
export interface NetworkFacts extends DataFacts {
  /** The part that builds it, and its options, before any compaction; absent for a network of one's own. */
  readonly network?: Use<Architecture>;
  /** What it was trained for. */
  readonly task?: Use<unknown>;
  /** Which connections were removed; absent for a network that was never pruned. */
  readonly plan?: PrunePlan;
  /** Which channels were cut away; absent for a network of its original widths. */
  readonly compaction?: CompactionPlan;
  /** The recipe it was trained by, as JSON; whoever uses it checks it. */
  readonly recipe?: unknown;
}

/** Facts that may name places of this machine. Elsewhere a slash says nothing: a packed mask may begin with one. */
const NAMING_PLACES: readonly string[] = ['network', 'task', 'recipe'];

/** Facts whose plan is JSON already. */
export type WrittenFacts = Omit<NetworkFacts, 'plan'> & { readonly plan?: PrunePlan | WrittenPlan };

/** The facts as plain JSON. Paths of this machine are left out: the file is meant to be shared. */
export function toJson({ classNames, plan, ...facts }: WrittenFacts): Record<string, unknown> {
  const written = plan === undefined || !('masks' in plan) ? plan : writePlan(plan);
  return Object.fromEntries(
    Object.entries({ ...facts, plan: written, classes: classNames })
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, NAMING_PLACES.includes(key) ? withoutLocalPaths(value) : value]),
  );
}

/** One entry per fact, in JSON. */
export function toMetadata(facts: WrittenFacts): Record<string, string> {
  return Object.fromEntries(
    Object.entries(toJson(facts)).map(([key, value]) => [key, JSON.stringify(value)]),
  );
}

const counts = z.array(z.int().min(0));
/** What a part makes is known to nobody who reads a file. */
const choice = z.looseObject({ use: z.string(), made: z.never().exactOptional() });
/** Which of its ends are modulated was once a matter of the network. */
const network = choice.transform(({ modulateStem: _, modulateClassifier: __, ...options }) => options);
const compactionSchema: z.ZodType<CompactionPlan> = z.object({
  network: z.string(),
  cuts: z.array(z.object({ group: z.string(), keep: counts, of: z.int() })),
  removedParams: z.int(),
  totalParams: z.int(),
  removedMacs: z.number(),
  totalMacs: z.number(),
});

const side = z.int().min(1);
const inputSchema = z.object({
  mean: z.array(z.number()),
  std: z.array(z.number()),
  white: z.number().positive(),
  crop: z.number().positive().max(1).exactOptional(),
  interpolation: z.enum(['bilinear', 'bicubic']).exactOptional(),
  whole: z
    .object({
      shorter: side,
      longest: side,
      rounding: z.enum(['detectron2', 'mmdetection', 'detr']),
      buckets: z.array(z.object({ height: side, width: side })).min(1),
      channels: z.enum(['RGB', 'BGR']),
    })
    .exactOptional(),
});

/** What the metadata must hold; unknown entries are somebody else's. */
const factsSchema = z.object({
  network: network.exactOptional(),
  task: choice.exactOptional(),
  shapes: z.record(z.string(), z.array(z.int().min(1))),
  classes: z.array(z.string()),
  classIds: z.array(z.int()).exactOptional(),
  input: inputSchema,
  plan: writtenPlan.exactOptional(),
  compaction: compactionSchema.exactOptional(),
  recipe: z.unknown().exactOptional(),
});

/**
 * The inverse of `toMetadata`; `masks` is the tensor of the plan's masks, where they are not in the text. Throws
 * `bad-file` where an entry is missing or not what it should be.
 */
export function parseFacts(
  metadata: Readonly<Record<string, string>>,
  where: string,
  masks?: HostTensor,
): NetworkFacts {
  const refuse = (problem: string): never => {
    throw new MaNetError('bad-file', `The metadata of the network cannot be used: ${problem}.`, {
      where,
      hint: 'the file was edited or damaged: export the network again.',
    });
  };
  const parsed: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const key of [...Object.keys(factsSchema.shape), 'tnet']) {
    const text = metadata[key];
    if (text === undefined) continue;
    try {
      parsed[key] = JSON.parse(text);
    } catch {
      refuse(`"${key}" is not JSON`);
    }
  }
  const result = factsSchema.safeParse(fromFormat1(parsed));
  if (!result.success) {
    const [issue] = result.error.issues;
    return refuse(`${issue!.path.join('.')}: ${issue!.message}`);
  }
  const { classes, plan, ...facts } = result.data;
  const read = plan === undefined ? {} : { plan: readPlan(plan, masks, where) };
  return { ...facts, ...read, classNames: classes };
}

/** What a graph says about itself. Throws `bad-file` for one that is not of ours. */
export function graphFacts(
  metadata: ReadonlyMap<string, string>,
  where: string,
): { readonly facts: NetworkFacts; readonly takesPixels: boolean } {
  const takes = metadata.get('takes');
  const facts = parseFacts(Object.fromEntries(metadata), where);
  return { facts, takesPixels: takes === 'pixels' || takes === '"pixels"' };
}

/** Format 1 knew networks of the zoo and no others, as `tnet`. */
function fromFormat1({ tnet, ...facts }: Record<string, unknown>): Record<string, unknown> {
  if (tnet === undefined) return facts;
  const { inputShape, ...options } = (tnet ?? {}) as Record<string, unknown>;
  return {
    ...facts,
    network: { use: '@ma-net/tnet#zoo', ...options },
    shapes: inputShape === undefined ? {} : { images: inputShape },
  };
}
