// DARTS-PT: DARTS, and then one decision after the other by what the supernet cannot do without. Wang et al. 2021
// (arXiv:2108.04392), Algorithm 1.

import {
  type Batch,
  cloneParams,
  type ForwardContext,
  type Method,
  type Params,
  type Rng,
  type Round,
  type RunLength,
  type Sections,
  type Step,
  type Task,
} from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import {
  adamSection,
  readTable,
  refuseBudget,
  shares,
  startAdam,
  uploadTable,
  weightsOf,
} from './architecture.ts';
import { genotypeWithin } from './budget.ts';
import { PARTS, type Searching, searchRounds, trainStep } from './darts.ts';
import { goodness } from './goodness.ts';
import { type DartsPtChoices, type DartsPtOptions, dartsPtOptions } from './options.ts';
import { genotypeOfPath, pathOf } from './paths.ts';
import {
  answered,
  candidatesOf,
  crowdedNodes,
  genotypeOfProjection,
  type Projection,
  projectedWeights,
  type Question,
  questionsOf,
} from './perturbation.ts';
import type { Space, Table } from './space.ts';
import { type Supernet, supernetOf } from './supernet.ts';
import { weightsName } from './space.ts';

/**
 * Trains the supernet as DARTS does, then decides edge by edge and node by node, with a training in between. Opening a task
 * throws what `darts` throws; the budget has to hold all decisions and a mini-batch before them.
 */
export function dartsPt(given: DartsPtChoices = {}): Method {
  const options = dartsPtOptions.parse(given);
  return {
    name: 'darts-pt',
    open<B extends Batch>(task: Task<B>, length: RunLength): Searching<B> {
      const network = supernetOf(task.network);
      const { space, budget } = network;
      const { rounds, questions } = plannedRounds(space, length, options);
      const weigh = (alphas: Params, projection: Params): Params => projected(space, alphas, projection);
      return {
        rounds,
        sections: {
          alphas: adamSection(space),
          projection: { shapes: projectionShapes(space) },
          scores: { shapes: { sum: [mostCandidates(space)] } },
        },
        about: `searches ${space.name} by perturbation`,
        init: (rng) => ({
          alphas: startAdam(space, rng),
          projection: startProjection(space, rng),
          scores: { sum: tf.zeros([mostCandidates(space)]) },
        }),
        step(b, round, state, batch, ctx) {
          const number = questions.get(round.index);
          if (number !== undefined)
            return measureStep({ task, network, number }, { b, round }, state, batch, ctx);
          const place = { task, space, ctx, ...state, alphas: state['alphas']! };
          return trainStep(
            { ...place, weigh: (alphas) => weigh(alphas, state['projection']!) },
            round.kind === 'tune' ? 'search' : round.kind,
            batch,
            options,
          );
        },
        weights: ({ params, alphas, projection }) => ({
          ...cloneParams(params),
          ...tf.tidy(() => weigh(alphas!, projection!) as tf.TensorContainerObject as Params),
        }),
        async found({ alphas, projection }) {
          const decided = await readProjection(space, projection!);
          const weights = shares(await readTable(space, alphas!));
          const open = Object.values(decided.decided).some((edges) => edges.includes(-1));
          if (open)
            return { genotype: genotypeWithin(space, budget, projectedWeights(space, weights, decided)) };
          const path = budget.within(pathOf(space, genotypeOfProjection(space, decided)), weights);
          return { genotype: genotypeOfPath(space, path) };
        },
      };
    },
  };
}

/** The supernet first; then a round of measuring for each question, and one of training after those of all cells. */
function plannedRounds(
  space: Space,
  length: RunLength,
  { measure, tune, warmup }: DartsPtOptions,
): { readonly rounds: Round[]; readonly questions: ReadonlyMap<number, number> } {
  const groups = space.edges.length + crowdedNodes(space).length;
  const selection = groups * (space.cells.length * measure + tune);
  const plain = length.budget - selection;
  refuseBudget(
    length,
    selection + 1,
    `${groups * space.cells.length} decisions of ${measure} mini-batches, ${groups} trainings of ${tune}, and the supernet`,
  );
  const rounds = searchRounds({ ...length, budget: plain }, warmup);
  const questions = new Map<number, number>();
  let start = plain;
  const add = (round: Pick<Round, 'kind' | 'split' | 'length'>): void => {
    rounds.push({ index: rounds.length, start, ...round });
    start += round.length;
  };
  for (let group = 0; group < groups; group++) {
    for (const _ of space.cells) {
      questions.set(rounds.length, questions.size);
      add({ kind: 'measure', split: PARTS.alphas, length: measure });
    }
    if (tune > 0) add({ kind: 'tune', split: [PARTS.weights, PARTS.alphas], length: tune });
  }
  return { rounds, questions };
}

const mostCandidates = ({ operations, edges }: Space): number => Math.max(operations.length, edges.length);

/** `decided`, `kept`, and the orders of edges and nodes, by kind of cell, as columns. */
function projectionShapes(space: Space): Record<string, readonly number[]> {
  const edges: readonly number[] = [space.edges.length, 1];
  const nodes: readonly number[] = [crowdedNodes(space).length, 1];
  return Object.fromEntries(
    space.cells.flatMap((cell): [string, readonly number[]][] => [
      [`decided/${cell}`, edges],
      [`kept/${cell}`, edges],
      [`edges/${cell}`, edges],
      ...(nodes[0] === 0 ? [] : [[`nodes/${cell}`, nodes] as [string, readonly number[]]]),
    ]),
  );
}

/** Nothing decided, and the orders in which it will be: drawn from the run's generator. */
function startProjection(space: Space, rng: Rng): Record<string, tf.Tensor> {
  const column = (values: ArrayLike<number>): tf.Tensor2D =>
    tf.tensor2d(Float32Array.from(values), [values.length, 1]);
  const own = rng.split('projection');
  const nodes = crowdedNodes(space);
  return Object.fromEntries(
    space.cells.flatMap((cell): [string, tf.Tensor][] => {
      const order = own.split(cell).split('nodes').permutation(nodes.length);
      return [
        [`decided/${cell}`, column(space.edges.map(() => -1))],
        [`kept/${cell}`, column(space.edges.map(() => 1))],
        [`edges/${cell}`, column(own.split(cell).split('edges').permutation(space.edges.length))],
        ...(nodes.length === 0
          ? []
          : [[`nodes/${cell}`, column(Array.from(order, (i) => nodes[i]!))] as [string, tf.Tensor]]),
      ];
    }),
  );
}

async function readProjection({ cells }: Space, projection: Params): Promise<Projection> {
  const read = (name: string): Promise<[string, number[]][]> =>
    Promise.all(
      cells.map(
        async (cell): Promise<[string, number[]]> => [
          cell,
          [...(await projection[`${name}/${cell}`]!.data())],
        ],
      ),
    );
  const [decided, kept] = [await read('decided'), await read('kept')];
  return {
    decided: Object.fromEntries(decided),
    kept: Object.fromEntries(kept.map(([cell, values]) => [cell, values.map((value) => value === 1)])),
  };
}

/** What the supernet is given: the softmax where an edge is open, 1 and 0 where it is decided. Runs under the tape. */
function projected(space: Space, alphas: Params, projection: Params): Params {
  const open = weightsOf(space, alphas);
  const places = tf.reshape(tf.range(0, space.operations.length), [1, -1]);
  return Object.fromEntries(
    space.cells.map((cell) => {
      const decided = projection[`decided/${cell}`]!;
      const isOpen = tf.cast(tf.equal(decided, -1), 'float32');
      const chosen = tf.cast(tf.equal(decided, places), 'float32');
      const name = weightsName(cell);
      const weights = tf.add(tf.mul(open[name]!, isOpen), chosen);
      return [name, tf.mul(weights, projection[`kept/${cell}`]!)];
    }),
  );
}

/** Measures the supernet without each candidate of a question on a mini-batch; on the last one of a round it decides. */
async function measureStep<B extends Batch>(
  { task, network, number }: { readonly task: Task<B>; readonly network: Supernet; readonly number: number },
  { b, round }: { readonly b: number; readonly round: Round },
  state: Sections,
  batch: B,
  ctx: ForwardContext,
): Promise<Step> {
  const { space, budget } = network;
  const projection = state['projection']!;
  const question = (await questionOf(space, projection, number))!;
  const now = await readProjection(space, projection);
  const open: Table = shares(await readTable(space, state['alphas']!));
  const scores: number[] = [];
  let losses = 0;
  for (const candidate of candidatesOf(space, question)) {
    const weights = uploadTable(projectedWeights(space, open, now, { ...candidate, cell: question.cell }));
    const { good, loss } = await goodness(task, { ...state.params, ...weights }, state.stats, batch, ctx);
    tf.dispose(weights);
    scores.push(good);
    losses += loss;
  }
  const sums = [...(await state['scores']!['sum']!.data())].map((sum, i) => sum + (scores[i] ?? 0));
  const last = b + 1 === round.start + round.length;
  const decision = last ? answered(space, now, question, sums.slice(0, scores.length), budget) : undefined;
  return {
    terms: { loss: tf.scalar(losses / scores.length) },
    stats: cloneParams(state.stats),
    grads: {},
    replaced: {
      scores: { sum: tf.tensor1d(last ? sums.map(() => 0) : sums) },
      ...(decision === undefined ? {} : { projection: writtenInto(projection, decision) }),
    },
  };
}

async function questionOf(space: Space, projection: Params, number: number): Promise<Question | undefined> {
  const orders = async (name: string): Promise<Record<string, number[]>> => {
    const read = space.cells.map(async (cell): Promise<[string, number[]]> => {
      const order = await projection[`${name}/${cell}`]?.data();
      return [cell, order === undefined ? [] : [...order]];
    });
    return Object.fromEntries(await Promise.all(read));
  };
  return questionsOf(space, { edges: await orders('edges'), nodes: await orders('nodes') }).flat()[number];
}

/** The section with other decisions; owned by the caller. */
function writtenInto(projection: Params, { decided, kept }: Projection): Record<string, tf.Tensor> {
  const column = (values: readonly number[]): tf.Tensor2D => tf.tensor2d([...values], [values.length, 1]);
  return {
    ...cloneParams(projection),
    ...replacedBy('decided', decided),
    ...replacedBy('kept', kept),
  };

  function replacedBy(
    name: string,
    of: Readonly<Record<string, readonly (number | boolean)[]>>,
  ): Record<string, tf.Tensor> {
    return Object.fromEntries(
      Object.entries(of).map(([cell, values]) => [`${name}/${cell}`, column(values.map(Number))]),
    );
  }
}
