// What methods of this package can be asked for.

import { z } from 'zod';

const rate = z.number().min(0);
const count = z.int().min(1);
const part = z.number().min(0).lt(1);
const chance = z.number().min(0).max(1);

/** How the architecture is trained. */
const architecture = {
  /** Of the architecture. */
  learningRate: z._default(rate, 3e-4),
  /** Part of the mean of its gradients that is kept. */
  beta1: z._default(part, 0.5),
  /** Part of the mean of their squares that is kept. */
  beta2: z._default(part, 0.999),
  /** Decay of the architecture. */
  weightDecay: z._default(rate, 1e-3),
  /** Part of the budget in which W alone is trained, at the beginning. */
  warmup: z._default(part, 0),
};

/** DARTS. */
export const dartsOptions = z.strictObject({
  ...architecture,
  /** Whether the architecture is told what W will do next: with `second` a step takes five gradients in place of two. */
  order: z._default(z.enum(['first', 'second']), 'first'),
  /** Of `second`: the rate of the step of W that is looked ahead. */
  xi: z._default(rate, 0.025),
});
export type DartsOptions = Readonly<z.output<typeof dartsOptions>>;
export type DartsChoices = Readonly<z.input<typeof dartsOptions>>;

/** DARTS-PT. */
export const dartsPtOptions = z.strictObject({
  ...dartsOptions.shape,
  /** Mini-batches, held out from W, that a decision is measured on. */
  measure: z._default(count, 10),
  /** Mini-batches that the supernet is trained after a decision about every kind of cell. */
  tune: z._default(z.int().min(0), 100),
});
export type DartsPtOptions = Readonly<z.output<typeof dartsPtOptions>>;
export type DartsPtChoices = Readonly<z.input<typeof dartsPtOptions>>;

/** Shapley-NAS. */
export const shapleyOptions = z.strictObject({
  /** Part of the budget in which W alone is trained, at the beginning. */
  warmup: z._default(part, 0.5),
  /** Mini-batches of W between two estimates; half an epoch unless given, which is once through its half. */
  every: z.optional(count),
  /** Permutations of an estimate; each is measured on a mini-batch of its own. */
  permutations: z._default(count, 10),
  /** A permutation ends where the accuracy is less than this part of that of the whole. */
  threshold: z._default(z.number().min(0).max(1), 0.5),
  /** Part of the last estimates that is kept. */
  momentum: z._default(part, 0.8),
  /** What an estimate is multiplied by, in units of its own spread. */
  step: z._default(rate, 0.1),
});
export type ShapleyOptions = Readonly<z.output<typeof shapleyOptions>>;
export type ShapleyChoices = Readonly<z.input<typeof shapleyOptions>>;

/** HOTNAS, as we read it. */
export const hotnasOptions = z.strictObject({
  /** Networks that are trained and measured. */
  evaluations: z._default(z.int().min(2), 100),
  /** Mini-batches, held out from W, that each is measured on. */
  measure: z._default(count, 10),
  /** Networks that are drawn at random before anything is known. */
  first: z._default(z.int().min(2), 10),
  /** Changes of the best networks that are looked at before each. */
  mutations: z._default(count, 200),
  /** Networks beside them that are drawn at random. */
  others: z._default(z.int().min(0), 50),
  /** How likeness falls with distance: as an exponential, or as a bell. */
  kernel: z._default(z.enum(['exp', 'rbf']), 'exp'),
  /** Variance of a measure, in units of that of all. */
  noise: z._default(z.number().positive(), 1e-3),
});
export type HotnasOptions = Readonly<z.output<typeof hotnasOptions>>;
export type HotnasChoices = Readonly<z.input<typeof hotnasOptions>>;

/** NAS-LID. */
export const nasLidOptions = z.strictObject({
  /** How often sub-supernets are divided: there are two to the power of it in the end. */
  levels: z._default(z.int().min(1).max(6), 4),
  /** Mini-batches that each of them is trained before it is divided. */
  warmup: z._default(count, 100),
  /** Mini-batches, held out from W, that operations are compared on. */
  compare: z._default(count, 10),
  /** Nearest images that the dimension around one follows from; all others of the mini-batch where it holds fewer. */
  neighbours: z._default(z.int().min(2), 20),
  /** How alike two operations are, from the dimensions that cells have with either. */
  likeness: z._default(z.enum(['cosine', 'correlation']), 'cosine'),
  /** How operations become two groups: by the graph of their likeness, or as a pair and the others. */
  partition: z._default(z.enum(['spectral', 'mincut']), 'spectral'),
  /** Mini-batches that each of the last sub-supernets is trained besides. */
  tune: z._default(count, 100),
  /** Networks of a generation. */
  population: z._default(z.int().min(2), 50),
  /** Generations, the first of which is drawn at random. */
  generations: z._default(count, 50),
  /** Mini-batches, held out from W, that a generation is measured on. */
  measure: z._default(count, 10),
  /** How many of the best are parents, as a part of a generation; one at least. */
  keep: z._default(chance, 0.2),
  /** Part of a generation that is mixed of two parents. */
  crossover: z._default(chance, 0.4),
  /** Part of a generation that is a changed parent; what is left is drawn at random. */
  mutation: z._default(chance, 0.4),
  /** Chance of every place of a network to be mixed or changed. */
  geneChance: z._default(chance, 0.1),
});
export type NasLidOptions = Readonly<z.output<typeof nasLidOptions>>;
export type NasLidChoices = Readonly<z.input<typeof nasLidOptions>>;
