// HOTNAS: Bayesian optimisation by distances of hierarchical optimal transport. Our design, after the abstract of Yang, Liu & Xu
// 2023 (CVPR), whose program is not public: each candidate is trained from scratch for a few mini-batches, and measured on the
// half that is held out.

import {
  backpropagate,
  type Batch,
  cloneParams,
  type Method,
  type Round,
  type RunLength,
  type Sections,
  type Task,
} from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { refuseBudget, zerosLikeAll, zerosOf } from './architecture.ts';
import { PARTS, type Searching } from './darts.ts';
import { goodness } from './goodness.ts';
import { askNext, type Tried } from './hot/ask.ts';
import { Distances } from './hot/distance.ts';
import { type HotnasChoices, hotnasOptions } from './options.ts';
import {
  chosen,
  genotypeOfPath,
  pathOf,
  pathShapes,
  readPath,
  readTried,
  triedShapes,
  uploadPath,
  withTried,
} from './paths.ts';
import { rngOfSeed, seedSection, startSeed } from './seed.ts';
import { largest, type Space } from './space.ts';
import { supernetOf } from './supernet.ts';

/** Where plans of transport end, for a search: distances are told apart long before. */
const TOLERANCE = 1e-5;

/**
 * Trains one candidate after the other, and asks the distances of what was tried which is next. Opening a task throws
 * `network-mismatch` unless its network is a supernet, and `bad-argument` for a budget that does not train every candidate.
 */
export function hotnas(given: HotnasChoices = {}): Method {
  const options = hotnasOptions.parse(given);
  const { evaluations, measure } = options;
  return {
    name: 'hotnas',
    open<B extends Batch>(task: Task<B>, length: RunLength): Searching<B> {
      const network = supernetOf(task.network);
      const { space, budget } = network;
      refuseBudget(
        length,
        evaluations * (measure + 1),
        `${evaluations} candidates, each trained and measured on ${measure}`,
      );
      const distances = new Distances(TOLERANCE);
      return {
        rounds: plannedRounds(length, options),
        sections: {
          tried: { shapes: triedShapes(space, evaluations) },
          path: { shapes: pathShapes(space) },
          seed: seedSection,
        },
        about: `searches ${space.name} by ${evaluations} candidates, each trained from scratch`,
        init: (rng) => ({
          tried: zerosOf(triedShapes(space, evaluations)),
          path: uploadPath(space),
          seed: startSeed(rng.split('hotnas')),
        }),
        async before(b, round, state) {
          if (round.kind !== 'candidate' || b !== round.start) return undefined;
          const number = round.index / 2;
          const root = await rngOfSeed(state['seed']!);
          const tried = await readGenotypes(space, state, number);
          const rng = root.split('ask').split(number);
          const path = pathOf(
            space,
            askNext(space, tried, { distances, layers: network.cells, rng, budget }, options),
          );
          const { params, stats } = network.init(root.split('network'));
          return {
            replaced: {
              params,
              stats,
              'params.optimizer': zerosLikeAll(state['params.optimizer'] ?? {}),
              tried: await withTried(space, state['tried']!, number, { paths: [path] }),
              path: uploadPath(space, path),
            },
          };
        },
        async step(_, round, state, batch, ctx) {
          const { params, stats } = state;
          const one = network.path(await readPath(space, state['path']!));
          if (round.kind === 'candidate') {
            const made = await backpropagate({
              task: { ...task, network: one },
              batch,
              stats,
              ctx,
              values: params,
              names: one.parameters.map(({ name }) => name),
              forward: (w) => ({ params: w, aux: {} }),
            });
            return { terms: made.terms, stats: made.stats, grads: { params: made.grads } };
          }
          const { good, loss } = await goodness(task, params, stats, batch, ctx, one);
          const number = (round.index - 1) / 2;
          const before = (await state['tried']!['scores']!.data())[number]!;
          const scores = [before + good / round.length];
          return {
            terms: { loss: tf.scalar(loss), candidate: tf.scalar(good) },
            stats: cloneParams(stats),
            grads: {},
            replaced: { tried: await withTried(space, state['tried']!, number, { scores }) },
          };
        },
        weights: ({ params, path }) => ({ ...cloneParams(params), ...tf.tidy(() => chosen(space, path!)) }),
        async found(state) {
          const tried = await readGenotypes(space, state, evaluations);
          return { genotype: tried[largest(tried.map(({ score }) => score))]!.genotype };
        },
      };
    },
  };
}

/** Every candidate is trained and measured; what is left over measures the last one the more. */
function plannedRounds(
  { budget }: RunLength,
  { evaluations, measure }: { evaluations: number; measure: number },
): Round[] {
  const training = Math.floor(budget / evaluations) - measure;
  const rounds: Round[] = [];
  let start = 0;
  for (let i = 0; i < evaluations; i++) {
    rounds.push({ index: 2 * i, kind: 'candidate', split: PARTS.weights, start, length: training });
    start += training;
    const length = i + 1 === evaluations ? budget - start : measure;
    rounds.push({ index: 2 * i + 1, kind: 'measure', split: PARTS.alphas, start, length });
    start += length;
  }
  return rounds;
}

/** The first `count` networks that were tried. */
async function readGenotypes(space: Space, { tried }: Sections, count: number): Promise<Tried[]> {
  const known = await readTried(space, tried!, count);
  return known.map(({ path, score }) => ({ genotype: genotypeOfPath(space, path), score }));
}
