// Shapley-NAS: W is trained by gradients, the architecture by what its operations contribute. Xiao et al. 2022
// (arXiv:2206.09811), Algorithm 1.

import {
  type Batch,
  cloneParams,
  type ForwardContext,
  type Method,
  type Params,
  type Round,
  type RunLength,
  type Sections,
  type Step,
  type Task,
} from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import {
  alphaShapes,
  freshAlphas,
  readTable,
  refuseBudget,
  shares,
  uploadTable,
  weightsOf,
  zerosOf,
} from './architecture.ts';
import { genotypeWithin } from './budget.ts';
import { PARTS, type Searching, searchRounds } from './darts.ts';
import { gradients } from './gradients.ts';
import { goodness } from './goodness.ts';
import { type ShapleyChoices, type ShapleyOptions, shapleyOptions } from './options.ts';
import { contributions, scoresOf, shapleyUpdate } from './shapley.ts';
import type { Space, Table } from './space.ts';
import { supernetOf } from './supernet.ts';

/**
 * Trains W alone, then in turn with estimates of what each operation contributes, which move the architecture. Opening a task
 * throws `network-mismatch` unless its network is a supernet, and `bad-argument` for a budget without an estimate.
 */
export function shapleyNas(given: ShapleyChoices = {}): Method {
  const options = shapleyOptions.parse(given);
  return {
    name: 'shapley-nas',
    open<B extends Batch>(task: Task<B>, length: RunLength): Searching<B> {
      const { space, budget } = supernetOf(task.network);
      const shapes = alphaShapes(space);
      const players = space.cells.length * space.edges.length * space.operations.length;
      const marginals = [options.permutations, players];
      const weigh = (alphas: Params): Params => weightsOf(space, alphas);
      return {
        rounds: plannedRounds(length, options),
        sections: {
          alphas: { shapes },
          momentum: { shapes },
          marginals: { shapes: { lost: marginals } },
        },
        about: `searches ${space.name} by Shapley values of ${players} operations`,
        init: (rng) => ({
          alphas: freshAlphas(space, rng),
          momentum: zerosOf(shapes),
          marginals: { lost: tf.zeros(marginals) },
        }),
        async step(b, round, state, batch, ctx) {
          if (round.kind === 'shapley')
            return estimateStep({ task, space, options }, { b, round }, state, batch, ctx);
          const place = { task, space, ctx, ...state, alphas: state['alphas']!, weigh };
          const { terms, stats, params } = await gradients(place, batch, 'params');
          return { terms, stats, grads: { params } };
        },
        weights: ({ params, alphas }) => ({
          ...cloneParams(params),
          ...tf.tidy(() => weigh(alphas!) as tf.TensorContainerObject as Params),
        }),
        found: async ({ alphas }) => ({
          genotype: genotypeWithin(space, budget, shares(await readTable(space, alphas!))),
        }),
      };
    },
  };
}

/** W alone; then W and an estimate in turn. What is left over belongs to the beginning. */
function plannedRounds(length: RunLength, { warmup, every: asked, permutations }: ShapleyOptions): Round[] {
  const { budget, batchesPerEpoch } = length;
  const every = asked ?? Math.max(1, Math.floor(batchesPerEpoch / 2));
  refuseBudget(length, every + permutations, `${every} of W and ${permutations} permutations`);
  const turns = Math.max(1, Math.floor(((1 - warmup) * budget) / (every + permutations)));
  const plain = budget - turns * (every + permutations);
  const rounds = searchRounds({ ...length, budget: plain }, 1);
  let start = plain;
  for (let turn = 0; turn < turns; turn++) {
    rounds.push({ index: rounds.length, kind: 'weights', split: PARTS.weights, start, length: every });
    start += every;
    rounds.push({ index: rounds.length, kind: 'shapley', split: PARTS.alphas, start, length: permutations });
    start += permutations;
  }
  return rounds;
}

/** One permutation on one mini-batch; the last one of a round moves the architecture. */
async function estimateStep<B extends Batch>(
  {
    task,
    space,
    options,
  }: { readonly task: Task<B>; readonly space: Space; readonly options: ShapleyOptions },
  { b, round }: { readonly b: number; readonly round: Round },
  state: Sections,
  batch: B,
  ctx: ForwardContext,
): Promise<Step> {
  const alphas = await readTable(space, state['alphas']!);
  const weights = shares(alphas);
  const measured = async (gone: ReadonlySet<number>): Promise<{ good: number; loss: number }> => {
    const given = uploadTable(without(weights, gone));
    const found = await goodness(task, { ...state.params, ...given }, state.stats, batch, ctx);
    tf.dispose(given);
    return found;
  };
  const whole = await measured(new Set());
  const [count, players] = state['marginals']!['lost']!.shape as [number, number];
  const order = ctx.rng!.split('permutation').permutation(players);
  const lost = await contributions(order, {
    whole: whole.good,
    threshold: options.threshold,
    without: async (gone) => (await measured(gone)).good,
  });
  const place = b - round.start;
  const known = Float32Array.from(await state['marginals']!['lost']!.data());
  known.set(lost, place * players);
  const last = place + 1 === round.length;
  const replaced: Record<string, Params> = { marginals: { lost: tf.tensor2d(known, [count, players]) } };
  if (last) {
    const byPlayer = Array.from({ length: players }, (_, p) =>
      Array.from({ length: count }, (__, m) => known[m * players + p]!),
    );
    const momentum = await readTable(space, state['momentum']!);
    const next = shapleyUpdate({ alphas, momentum }, scoresOf(byPlayer), options);
    replaced['alphas'] = uploaded(next.alphas);
    replaced['momentum'] = uploaded(next.momentum);
  }
  return {
    terms: { loss: tf.scalar(whole.loss), whole: tf.scalar(whole.good) },
    stats: cloneParams(state.stats),
    grads: {},
    replaced,
  };
}

const uploaded = (table: Table): Params =>
  Object.fromEntries(
    Object.entries(table).map(([cell, rows]) => [cell, tf.tensor2d(rows.map((row) => [...row]))]),
  );

/** Weights in which players are 0: they are numbered in the order of cells, edges and operations. */
function without(weights: Table, gone: ReadonlySet<number>): Table {
  let player = 0;
  return Object.fromEntries(
    Object.entries(weights).map(([cell, rows]) => [
      cell,
      rows.map((row) => row.map((weight) => (gone.has(player++) ? 0 : weight))),
    ]),
  );
}
