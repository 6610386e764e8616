// What a recipe may say, and what its fields mean. A recipe is plain JSON and complete: nothing is filled in later but
// what follows from the data (batches an epoch) and from other fields (the rounds). What it chooses among the parts of
// packages is checked by the parts themselves.

import {
  type Architecture,
  type Batch,
  checked,
  type Choices,
  type Data,
  type Installed,
  type Method,
  type PartKind,
  resolvePart,
  type Resolved,
  type TaskOn,
  type Use,
} from '@ma-net/core';
import { z } from 'zod';
import { fromFormat1 } from './recipe-format-1.ts';

const part = z.number().min(0).max(1);
const count = z.int().min(1);
const rate = z.number().min(0);

/** How the parameters are trained that a group, or the whole section, has; beside the rule itself. */
const ofParameters = {
  /** Largest global norm of the gradient; not clipped unless given. */
  clip: z.number().positive().exactOptional(),
  /** What weight decay hits: everything, or kernels alone. */
  decay: z.enum(['all', 'kernels']).exactOptional(),
  /** Parameters that are trained in a way of their own; each belongs to the first group that matches it. */
  groups: z
    .array(
      z.strictObject({
        /** Names: `*` stands for anything. */
        match: z.string().exactOptional(),
        /** Kinds of parameters, as the network declares them. */
        kind: z.enum(['conv', 'depthwise', 'dense', 'vector', 'embedding']).exactOptional(),
        /** Factors on the learning rate and on the decay. */
        rate: rate.exactOptional(),
        /** Factor on the decay. */
        decay: rate.exactOptional(),
        /** Not trained at all. */
        frozen: z.boolean().exactOptional(),
      }),
    )
    .exactOptional(),
};

const optimizerSchema = z.discriminatedUnion('name', [
  z.strictObject({
    name: z.literal('sgd'),
    /** The highest rate; the schedule multiplies it. */
    learningRate: rate,
    /** Part of the last step that is kept. */
    momentum: part,
    /** Whether the gradient is looked at ahead. */
    nesterov: z.boolean(),
    /** Decay of the weights, times the rate. */
    weightDecay: rate,
    ...ofParameters,
  }),
  z.strictObject({
    name: z.literal('adamw'),
    /** The highest rate; the schedule multiplies it. */
    learningRate: rate,
    /** Part of the mean of gradients that is kept. */
    beta1: part,
    /** Part of the mean of their squares that is kept. */
    beta2: part,
    /** Added to the root of that mean. */
    epsilon: z.number().positive(),
    /** Decay of the weights, times the rate. */
    weightDecay: rate,
    ...ofParameters,
  }),
]);

const scheduleSchema = z.discriminatedUnion('name', [
  z.strictObject({
    name: z.literal('constant'),
    /** Mini-batches over which the rate grows from 0. */
    warmup: z.int().min(0),
  }),
  z.strictObject({
    name: z.literal('cosine'),
    /** Mini-batches over which the rate grows from 0. */
    warmup: z.int().min(0),
    /** The rate that it ends at; 0 unless given. */
    lowest: rate.exactOptional(),
  }),
  z.strictObject({
    name: z.literal('steps'),
    /** Mini-batches over which the rate grows from 0. */
    warmup: z.int().min(0),
    /** Where the rate falls, as parts of the budget. */
    at: z.array(part),
    /** What it is multiplied by there. */
    factor: part,
  }),
]);

const choice = z.looseObject({ use: z.string() });

/** What the recipes of all packages have in common. */
export const recipeFrame = z.strictObject({
  format: z.literal(2),
  /** What runs of it are called. */
  name: z.string(),
  /** One sentence for `manet recipes`. */
  about: z.string(),
  /** Decides all that is random: weights, order, augmentation. */
  seed: z.int().min(0),
  /** What is trained. */
  network: choice,
  /** What it is trained and measured on. */
  data: choice,
  /** What it is trained for. */
  task: choice,
  /** How it is trained, and what goes. */
  method: choice,
  /** Samples of a mini-batch. */
  batchSize: count,
  /** The budget, in epochs of the training set. */
  epochs: z.number().positive(),
  /** How gradients move the weights. */
  optimizer: optimizerSchema,
  /** What the learning rate is multiplied by on the way. */
  schedule: scheduleSchema,
  /** Exponential moving averages of weights and running statistics, measured and exported in their place; none unless given. */
  ema: z
    .strictObject({
      /** What stays of an average at each mini-batch. */
      decay: z.number().min(0).lt(1),
      /** Stays shorter at first: at most 1 - n^(-2/3) after n mini-batches. */
      warmup: z.boolean().exactOptional(),
    })
    .exactOptional(),
  /** Epochs between two evaluations. */
  evaluateEvery: z.number().positive(),
  /** Mini-batches between two checkpoints; an epoch unless given. */
  saveEvery: count.exactOptional(),
  /** Batch normalisation over all ranks of a run on several machines; over each rank's images unless given. */
  syncBatchNorm: z.boolean().exactOptional(),
});

type Frame = Readonly<Omit<z.infer<typeof recipeFrame>, Slot>>;

/** Everything a run depends on. `B` ties its data to its task. */
export interface Recipe<B extends Batch = Batch> extends Frame, Choices<B> {
  readonly method: Use<Method>;
}

/** The fields of a recipe that choose a part: each is called after what the part makes. */
export const slots = ['network', 'data', 'task', 'method'] as const satisfies readonly PartKind[];
export type Slot = (typeof slots)[number];

/**
 * A recipe as a function. The compiler knows the options of every part, and which data a task takes: boxes under a
 * classifier do not compile. Throws `bad-recipe` for what types cannot say.
 */
export function defineRecipe<B extends Batch>(make: () => Omit<Recipe<B>, 'format'>): () => Recipe<B> {
  return () => {
    const { name, ...others } = make();
    return parseFrame({ format: 2, name, ...others }, `the recipe "${name}"`) as Recipe<B>;
  };
}

/** Checks all of a recipe but the options of its parts. Throws `bad-recipe`, listing every problem. */
export function parseFrame(value: unknown, where: string): Recipe {
  return checked(recipeFrame, fromFormat1(value), {
    what: 'The recipe',
    where,
    hint: 'correct these fields; "manet train --recipe <name> --print" shows every field of a recipe.',
  });
}

type Opens<Made> = Omit<Resolved, 'open'> & { open(): Promise<Made> };

/** The parts that a recipe chooses, not yet opened. */
export interface RecipeParts<B extends Batch = Batch> {
  readonly network: Opens<Architecture>;
  readonly data: Opens<Data<B>>;
  readonly task: Opens<TaskOn<B>>;
  readonly method: Opens<Method>;
}

/** Finds the parts of a recipe, and checks their options. Throws `unknown-name` or `bad-recipe`. */
export async function resolveParts<B extends Batch>(
  recipe: Recipe<B>,
  installed: Installed,
  file?: string,
): Promise<RecipeParts<B>> {
  const found = await Promise.all(
    slots.map((slot) => resolvePart(recipe[slot], slot, installed, slot, file)),
  );
  return Object.fromEntries(slots.map((slot, i) => [slot, found[i]])) as unknown as RecipeParts<B>;
}

/**
 * Checks a recipe that came from a file or from the command line, in this format or an older one, and completes the
 * options of its parts. Throws `bad-recipe`, listing every problem, and `unknown-name`.
 */
export async function parseRecipe(value: unknown, where: string, installed: Installed): Promise<Recipe> {
  const recipe = parseFrame(value, where);
  const parts = await resolveParts(recipe, installed, where);
  const complete = slots.map((slot) => [slot, { use: recipe[slot].use, ...parts[slot].options }]);
  return { ...recipe, ...(Object.fromEntries(complete) as Pick<Recipe, Slot>) };
}
