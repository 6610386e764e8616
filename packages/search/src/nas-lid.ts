// NAS-LID: a supernet is divided, edge by edge, into sub-supernets of operations that are alike by the dimension of their features;
// then evolution, with the weights of the sub-supernet that holds a candidate. He et al. 2023 (arXiv:2211.12759).

import {
  backpropagate,
  type Batch,
  cloneParams,
  type ForwardContext,
  type Method,
  type RunLength,
  type Sections,
  type Step,
  type Task,
} from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { zerosLikeAll, zerosOf } from './architecture.ts';
import type { Searching } from './darts.ts';
import { goodness } from './goodness.ts';
import { compared, openEdges } from './lid/compare.ts';
import { nextGeneration } from './lid/evolution.ts';
import { divided, edgeToDivide, type Similarity } from './lid/partition.ts';
import {
  allowedShapes,
  dividedPlaces,
  keptAt,
  readAllowed,
  uploadAllowed,
  weightsAt,
  weightShapes,
} from './lid/places.ts';
import { type Owned, planned, trainedBefore } from './lid/plan.ts';
import { type NasLidChoices, type NasLidOptions, nasLidOptions } from './options.ts';
import {
  chosen,
  everything,
  genotypeOfPath,
  isWithin,
  pathShapes,
  randomPath,
  readTried,
  triedShapes,
  uploadPath,
  withTried,
} from './paths.ts';
import { rngOfSeed, seedSection, startSeed } from './seed.ts';
import { largest, type Space } from './space.ts';
import { type Supernet, supernetOf } from './supernet.ts';

/**
 * Trains and divides supernets, then lets networks evolve. Opening a task throws `network-mismatch` unless its network is a
 * supernet, and `bad-argument` for a budget that does not hold all of it.
 */
export function nasLid(given: NasLidChoices = {}): Method {
  const options = nasLidOptions.parse(given);
  const { levels, population, generations } = options;
  const places = 2 ** levels;
  const count = generations * population;
  return {
    name: 'nas-lid',
    open<B extends Batch>(task: Task<B>, length: RunLength): Searching<B> {
      const network = supernetOf(task.network);
      const { space, budget } = network;
      const plan = planned(length, options);
      const place: Place<B> = { task, network, options };
      const similarity = similarityShape(space);
      return {
        rounds: plan.rounds,
        sections: {
          allowed: { shapes: allowedShapes(space, places) },
          similarity: { shapes: { sum: similarity } },
          subnets: { shapes: weightShapes(network, places), mayBeEmpty: true },
          tried: { shapes: triedShapes(space, count) },
          path: { shapes: pathShapes(space) },
          seed: seedSection,
        },
        about: `searches ${space.name} by ${places} sub-supernets and ${count} candidates`,
        init: (rng) => ({
          allowed: uploadAllowed(
            space,
            Array.from({ length: places }, () => everything(space)),
          ),
          similarity: zerosOf({ sum: similarity }),
          tried: zerosOf(triedShapes(space, count)),
          path: uploadPath(space),
          seed: startSeed(rng.split('nas-lid')),
        }),
        async before(b, round, state) {
          const role = plan.roles[round.index]!;
          if (b !== round.start || role.does === 'compare') return undefined;
          const rng = (await rngOfSeed(state['seed']!)).split(round.index);
          // Whoever was trained before is kept; generations train nobody.
          const last = trainedBefore(plan, round.index);
          const subnets = last === undefined ? undefined : keptAt(state['subnets'] ?? {}, last, state);
          const kept = subnets === undefined ? {} : { subnets };
          if (role.does === 'evolve') {
            const at = role.generation * population;
            const tried = await readTried(space, state['tried']!, at);
            const paths = nextGeneration(space, tried, options, rng, budget);
            return { replaced: { ...kept, tried: await withTried(space, state['tried']!, at, { paths }) } };
          }
          const allowed = (await readAllowed(space, state['allowed']!))[role.at]!;
          const own = last === undefined ? state : weightsAt(subnets!, role.at, state);
          return {
            replaced: {
              ...kept,
              params: cloneParams(own.params),
              stats: cloneParams(own.stats),
              'params.optimizer': zerosLikeAll(state['params.optimizer'] ?? {}),
              path: uploadPath(space, randomPath(space, allowed, rng)),
            },
          };
        },
        step(b, round, state, batch, ctx) {
          const role = plan.roles[round.index]!;
          const last = b + 1 === round.start + round.length;
          if (role.does === 'train') return trainStep(place, role, state, batch, ctx);
          if (role.does === 'compare') return compareStep(place, { role, last }, state, batch, ctx);
          const at = role.generation * population;
          return evolveStep(place, { at, share: 1 / round.length, last }, state, batch, ctx);
        },
        weights: ({ params, path }) => ({ ...cloneParams(params), ...tf.tidy(() => chosen(space, path!)) }),
        async found(state) {
          const tried = await readTried(space, state['tried']!, count);
          const best = tried[largest(tried.map(({ score }) => score))]!;
          return { genotype: genotypeOfPath(space, best.path) };
        },
      };
    },
  };
}

interface Place<B extends Batch> {
  readonly task: Task<B>;
  readonly network: Supernet;
  readonly options: NasLidOptions;
}

/** [edges of all kinds of cells, operations, operations]. */
const similarityShape = ({ cells, edges, operations }: Space): [number, number, number] => [
  cells.length * edges.length,
  operations.length,
  operations.length,
];

/** One path of the sub-supernet is trained, another one each time. */
async function trainStep<B extends Batch>(
  { task, network }: Place<B>,
  { at }: Owned,
  state: Sections,
  batch: B,
  ctx: ForwardContext,
): Promise<Step> {
  const allowed = (await readAllowed(network.space, state['allowed']!))[at]!;
  const one = network.path(randomPath(network.space, allowed, ctx.rng!.split('path')));
  const made = await backpropagate({
    task: { ...task, network: one },
    batch,
    stats: state.stats,
    ctx,
    values: state.params,
    names: one.parameters.map(({ name }) => name),
    forward: (w) => ({ params: w, aux: {} }),
  });
  return { terms: made.terms, stats: made.stats, grads: { params: made.grads } };
}

/** Operations are compared on a mini-batch; after the last one an edge is divided. */
async function compareStep<B extends Batch>(
  { task, network, options }: Place<B>,
  { role, last }: { readonly role: Owned; readonly last: boolean },
  { params, stats, ...state }: Sections,
  batch: B,
  ctx: ForwardContext,
): Promise<Step> {
  const { space } = network;
  const places = await readAllowed(space, state['allowed']!);
  const allowed = places[role.at]!;
  const { similarity, loss } = await compared(
    { task, network, params, stats, ctx, ...options },
    allowed,
    batch,
  );
  const open = openEdges(space, allowed);
  const shape = similarityShape(space);
  const size = space.operations.length;
  const sums = Float32Array.from(await state['similarity']!['sum']!.data());
  const start = ({ cell, edge }: (typeof open)[number]): number =>
    (space.cells.indexOf(cell) * space.edges.length + edge) * size * size;
  for (const [i, one] of open.entries())
    for (const [j, value] of similarity[i]!.flat().entries())
      sums[start(one) + j]! += value / options.compare;
  const replaced = { similarity: { sum: last ? tf.zeros(shape) : tf.tensor3d(sums, shape) } };
  const step = { terms: { loss: tf.scalar(loss) }, stats: cloneParams(stats), grads: {} };
  if (!last) return { ...step, replaced };
  const edges = open.map((one) => {
    const mean: Similarity = space.operations.map((_, i) => [
      ...sums.slice(start(one) + i * size, start(one) + (i + 1) * size),
    ]);
    return { similarity: mean, groups: divided(mean, options.partition) };
  });
  const e = edgeToDivide(edges);
  const next = dividedPlaces(places, role, open[e]!, edges[e]!.groups);
  return { ...step, replaced: { ...replaced, allowed: uploadAllowed(space, next) } };
}

/** A generation is measured on a mini-batch; after the last one the best network so far is what is evaluated. */
async function evolveStep<B extends Batch>(
  { task, network, options }: Place<B>,
  { at, share, last }: { readonly at: number; readonly share: number; readonly last: boolean },
  state: Sections,
  batch: B,
  ctx: ForwardContext,
): Promise<Step> {
  const { space } = network;
  const places = await readAllowed(space, state['allowed']!);
  const weightsOf = (path: Parameters<typeof isWithin>[0]): Pick<Sections, 'params' | 'stats'> =>
    weightsAt(
      state['subnets']!,
      places.findIndex((allowed) => isWithin(path, allowed)),
      state,
    );
  const tried = await readTried(space, state['tried']!, at + options.population);
  let losses = 0;
  const scores: number[] = [];
  for (const { path, score } of tried.slice(at)) {
    const { params, stats } = weightsOf(path);
    const { good, loss } = await goodness(task, params, stats, batch, ctx, network.path(path));
    scores.push(score + share * good);
    losses += loss / options.population;
  }
  const all = [...tried.slice(0, at).map(({ score }) => score), ...scores];
  const best = largest(all);
  const terms = { loss: tf.scalar(losses), best: tf.scalar(Math.max(...scores)) };
  const next = { tried: await withTried(space, state['tried']!, at, { scores }) };
  if (!last) return { terms, stats: cloneParams(state.stats), grads: {}, replaced: next };
  const { path } = tried[best]!;
  const { params, stats } = weightsOf(path);
  const replaced = { ...next, params: cloneParams(params), path: uploadPath(space, path) };
  return { terms, stats: cloneParams(stats), grads: {}, replaced };
}
