// What a recipe may say, and what its fields mean. A recipe is complete: nothing is filled in later but
// what follows from the data (batches an epoch) and from other fields (the rounds).

import { MaNetError, suggestion } from '@ma-net/core';
import { pruneRule } from '@ma-net/mnet';
import { z } from 'zod';

const part = z.number().min(0).max(1);
const count = z.int().min(1);
const rate = z.number().min(0);

const dataSchema = z
  .strictObject({
    name: z.enum(['digits', 'cifar10']),
    /** Folder of the files; the embedded digits need none. */
    path: z.string().optional(),
    trainLimit: count.optional(),
    testLimit: count.optional(),
    augment: z.strictObject({
      flip: z.boolean(),
      /** Zeros around the image before a random crop of its size. */
      padCrop: z.int().min(0),
      /** Side of a square of zeros. */
      cutout: z.int().min(0),
    }),
  })
  .refine(({ name, path }) => name !== 'digits' || path === undefined, {
    path: ['path'],
    error: 'the digits are embedded and read from no folder; leave it out',
  });

const optimizerSchema = z.discriminatedUnion('name', [
  z.strictObject({
    name: z.literal('sgd'),
    learningRate: rate,
    momentum: part,
    nesterov: z.boolean(),
    weightDecay: rate,
  }),
  z.strictObject({
    name: z.literal('adamw'),
    learningRate: rate,
    beta1: part,
    beta2: part,
    epsilon: z.number().positive(),
    weightDecay: rate,
  }),
]);

const scheduleSchema = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('constant'), warmup: z.int().min(0) }),
  z.strictObject({ name: z.literal('cosine'), warmup: z.int().min(0) }),
  z.strictObject({ name: z.literal('steps'), warmup: z.int().min(0), at: z.array(part), factor: part }),
]);

const mnetSchema = z.strictObject({
  /** M. */
  astrocytes: count,
  /** K: LSTM cells of an astrocyte. */
  cells: count,
  /** d. */
  hidden: count,
  /** r: rank of the head. */
  rank: count,
  /** B: bins of a pooled row. */
  bins: count,
  /** Reduction of the excitation, se. */
  reduction: count,
  /** V: encoder blocks of g2. */
  blocks: count,
  heads: count,
  partition: z.enum(['depth', 'interleave']),
  chain: z.boolean(),
  temporal: z.enum(['all', 'own', 'none']),
  activation: z.enum(['softmax', 'layer', 'sigmoid', 'sparsemax']),
  tau: z.number().positive(),
  /** gamma of every layer at the start. */
  gamma0: z.number(),
});

const modulationSchema = z.strictObject({
  /** Rounds of the plain network before the first modulated one; a third of the epochs unless given. */
  plainRounds: z.int().min(0).optional(),
  prune: pruneRule,
  competition: rate,
  ramp: z.number().positive().max(1),
  freeze: part,
  refresh: count,
  maskEvery: z.enum(['round', 'iteration']),
  strength: part,
  cut: z.enum(['hard', 'soft']),
  feedback: z.boolean(),
  throughDescriptors: z.boolean(),
  alternate: z.boolean(),
  memory: z.enum(['persist', 'reset']),
  lambda: rate,
  astrocyteIterations: count.optional(),
  astrocyteLearningRate: rate,
  astrocyteMomentum: part,
  clip: z.number().positive(),
  mnet: mnetSchema,
});

const recipeSchema = z.strictObject({
  name: z.string(),
  /** One sentence for `manet recipes`. */
  about: z.string(),
  seed: z.int().min(0),
  method: z.enum(['plain', 'magnitude', 'ma-net']),
  tnet: z.strictObject({
    name: z.string(),
    modulateStem: z.boolean(),
    modulateClassifier: z.boolean(),
    /** Weights to start from: a safetensors file, `hub`, or `hub:owner/name`; fresh ones unless given. */
    weights: z.string().optional(),
  }),
  data: dataSchema,
  batchSize: count,
  /** The budget, in epochs of the training set. */
  epochs: z.number().positive(),
  labelSmoothing: part,
  optimizer: optimizerSchema,
  schedule: scheduleSchema,
  modulation: modulationSchema,
  /** Epochs between two evaluations. */
  evaluateEvery: z.number().positive(),
  /** Mini-batches between two checkpoints; an epoch unless given. */
  saveEvery: count.optional(),
});

export type Recipe = z.infer<typeof recipeSchema>;

/** Checks a recipe that came from a file or from the command line. Throws `bad-recipe`, listing every problem. */
export function parseRecipe(value: unknown, where: string): Recipe {
  const result = recipeSchema.safeParse(inNewNames(value), { reportInput: true });
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `  ${describeIssue(issue, value)}`);
  throw new MaNetError('bad-recipe', `The recipe cannot be used:\n${problems.join('\n')}`, {
    where,
    hint: 'correct these fields; "manet train --recipe <name> --print" shows every field of a recipe.',
  });
}

/** Recipes of older versions: "attach" is now "throughDescriptors". */
function inNewNames(value: unknown): unknown {
  const { modulation } = (value ?? {}) as { modulation?: { attach?: unknown } };
  if (typeof modulation !== 'object' || modulation === null || !('attach' in modulation)) return value;
  const { attach, ...others } = modulation;
  return { ...(value as object), modulation: { throughDescriptors: attach, ...others } };
}

function describeIssue(issue: z.core.$ZodIssue, root: unknown): string {
  const path = issue.path.join('.') || 'recipe';
  if (issue.code === 'unrecognized_keys') {
    const parent = issue.path.reduce<unknown>(
      (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
      root,
    );
    const known = fieldsAt(issue.path.map(String), parent);
    return issue.keys
      .map((key) => `${path === 'recipe' ? '' : `${path}.`}${key}: no such field; ${suggestion(key, known)}`)
      .join('\n  ');
  }
  const found = 'input' in issue && issue.input !== undefined ? `, found ${JSON.stringify(issue.input)}` : '';
  return `${path}: ${issue.message.replace(/, received .*$/, '')}${found}`;
}

/** Names of the fields at a path, for suggestions. `value` decides between the variants of a field. */
export function fieldsAt(path: readonly string[], value: unknown): string[] {
  let schemas: readonly Schema[] = [recipeSchema];
  for (const key of path) schemas = schemas.flatMap(variants).flatMap(({ [key]: field }) => field ?? []);
  const found = schemas.flatMap(variants);
  return Object.keys(found.find((shape) => isOf(shape, value)) ?? found[0] ?? {});
}

type Schema = z.core.$ZodType;
type Shape = Readonly<Record<string, Schema>>;

/** The objects that a schema may be. */
function variants(schema: Schema): Shape[] {
  const { def } = schema._zod as { def: z.core.$ZodTypeDef };
  if (def.type === 'object') return [(def as z.core.$ZodObjectDef).shape];
  if (def.type === 'optional') return variants((def as z.core.$ZodOptionalDef).innerType);
  return def.type === 'union' ? (def as z.core.$ZodUnionDef).options.flatMap(variants) : [];
}

/** Whether every field that can have a few values only, such as "name" or "mode", has one of them. */
function isOf(shape: Shape, value: unknown): boolean {
  return Object.entries(shape).every(([key, { _zod }]) => {
    const found = (value as Record<string, unknown> | undefined)?.[key];
    return _zod.values === undefined || _zod.values.has(found as string);
  });
}
