// DARTS: W and the architecture are trained in turn by gradients, each on a half of the training set. Liu et al. 2019
// (arXiv:1806.09055), Algorithm 1.

import {
  type Batch,
  cloneParams,
  type Method,
  type Round,
  type RunLength,
  type Sections,
  type Step,
  type Task,
  type Training,
} from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import {
  adamSection,
  adamStep,
  type Found,
  readTable,
  refuseBudget,
  shares,
  startAdam,
  weightsOf,
} from './architecture.ts';
import { genotypeWithin } from './budget.ts';
import { firstOrder, gradients, type Place, secondOrder, twoParts } from './gradients.ts';
import { type DartsChoices, type DartsOptions, dartsOptions } from './options.ts';
import { supernetOf } from './supernet.ts';

/** A search, opened for one run. */
export interface Searching<B extends Batch> extends Training<B> {
  /** What it has found so far. */
  found(state: Sections): Promise<Found>;
}

/** The part of the training set that W is trained on, and the one that decides about the architecture. */
export const PARTS = { weights: 'weights', alphas: 'alphas' } as const;

/**
 * Trains the supernet and its architecture. Opening a task throws `network-mismatch` unless its network is a supernet, and
 * `bad-argument` for a budget without a mini-batch for the architecture.
 */
export function darts(given: DartsChoices = {}): Method {
  const options = dartsOptions.parse(given);
  return {
    name: 'darts',
    open<B extends Batch>(task: Task<B>, length: RunLength): Searching<B> {
      const { space, budget } = supernetOf(task.network);
      refuseBudget(length, 1, 'one mini-batch');
      return {
        rounds: searchRounds(length, options.warmup),
        sections: { alphas: adamSection(space) },
        about: `searches ${space.name} by gradients of ${options.order} order`,
        init: (rng) => ({ alphas: startAdam(space, rng) }),
        step: (_, { kind }, state, batch, ctx) => {
          const place = { task, space, ctx, ...state, alphas: state['alphas']! };
          return trainStep({ ...place, weigh: (alphas) => weightsOf(space, alphas) }, kind, batch, options);
        },
        weights: ({ params, alphas }) => ({
          ...cloneParams(params),
          ...tf.tidy(() => weightsOf(space, alphas!)),
        }),
        found: async ({ alphas }) => ({
          genotype: genotypeWithin(space, budget, shares(await readTable(space, alphas!))),
        }),
      };
    },
  };
}

/** Rounds of an epoch: at first of W alone, then of both. */
export function searchRounds({ budget, batchesPerEpoch }: RunLength, warmup: number): Round[] {
  const plain = Math.floor(warmup * budget);
  const rounds: Round[] = [];
  for (let start = 0; start < budget; ) {
    const alone = start < plain;
    const end = Math.min(start + batchesPerEpoch, alone ? plain : budget);
    rounds.push({
      index: rounds.length,
      kind: alone ? 'weights' : 'search',
      split: alone ? PARTS.weights : [PARTS.weights, PARTS.alphas],
      start,
      length: end - start,
    });
    start = end;
  }
  return rounds;
}

/** A mini-batch of W, and before it one of the architecture where the round is of both. */
export async function trainStep<B extends Batch>(
  place: Place<B>,
  kind: string,
  batch: B,
  options: DartsOptions,
): Promise<Step> {
  if (kind === 'weights') {
    const { terms, stats, params } = await gradients(place, batch, 'params');
    return { terms, stats, grads: { params } };
  }
  const [weights, held] = twoParts(batch);
  const architecture =
    options.order === 'first'
      ? await firstOrder(place, held)
      : await secondOrder(place, { weights, alphas: held, xi: options.xi });
  const alphas = adamStep(place.space, place.alphas, architecture.alphas, options);
  const { terms, stats, params } = await gradients({ ...place, alphas }, weights, 'params');
  tf.dispose([architecture.alphas, weights, held] as unknown as tf.TensorContainer);
  return {
    terms: { ...terms, architecture: architecture.loss },
    stats,
    grads: { params },
    replaced: { alphas },
  };
}
