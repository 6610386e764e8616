// HOTNAS: Bayesian optimisation by distances of hierarchical optimal transport. Our design, after the abstract of Yang, Liu & Xu
// 2023 (CVPR), whose program is not public: each candidate is trained from scratch for a few mini-batches, and measured on the
// half that is held out.

import {
  backpropagate,
  type Batch,
  cloneParams,
  type Method,
  type Params,
  Rng,
  type Round,
  type RunLength,
  type Sections,
  type Task,
} from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { refuseBudget } from './architecture.ts';
import { PARTS, type Searching } from './darts.ts';
import type { Genotype } from './genotype.ts';
import { goodness } from './goodness.ts';
import { askNext, type Tried } from './hot/ask.ts';
import { Distances } from './hot/distance.ts';
import { type HotnasChoices, hotnasOptions } from './options.ts';
import { largest, type Space } from './space.ts';
import { type Path, supernetOf, weightsName } from './supernet.ts';

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
      const { space } = network;
      refuseBudget(
        length,
        evaluations * (measure + 1),
        `${evaluations} candidates, each trained and measured on ${measure}`,
      );
      const distances = new Distances(TOLERANCE);
      const width = genesOf(space, undefined).length;
      const column: readonly number[] = [space.edges.length, 1];
      return {
        rounds: plannedRounds(length, options),
        sections: {
          tried: { shapes: { genes: [evaluations, width], scores: [evaluations] } },
          path: { shapes: Object.fromEntries(space.cells.map((cell) => [cell, column])) },
          seed: { shapes: { halves: [2] } },
        },
        about: `searches ${space.name} by ${evaluations} candidates, each trained from scratch`,
        init(rng) {
          const own = rng.split('hotnas');
          // Whole numbers that float32 holds.
          const halves = [own.integer(2 ** 24), own.integer(2 ** 24)];
          return {
            tried: { genes: tf.zeros([evaluations, width]), scores: tf.zeros([evaluations]) },
            path: Object.fromEntries(
              space.cells.map((cell) => [cell, tf.fill([...column] as [number, number], -1)]),
            ),
            seed: { halves: tf.tensor1d(halves) },
          };
        },
        async before(b, round, state) {
          if (round.kind !== 'candidate' || b !== round.start) return undefined;
          const number = round.index / 2;
          const [high, low] = (await state['seed']!['halves']!.data()) as unknown as [number, number];
          const root = Rng.fromSeed(high * 2 ** 24 + low);
          const tried = await readTried(space, state, number);
          const rng = root.split('ask').split(number);
          const genotype = askNext(space, tried, { distances, layers: network.cells, rng }, options);
          const genes = Float32Array.from(await state['tried']!['genes']!.data());
          genes.set(genesOf(space, genotype), number * width);
          const { params, stats } = network.init(root.split('network'));
          const resting = Object.entries(state['params.optimizer'] ?? {});
          return {
            replaced: {
              params,
              stats,
              'params.optimizer': Object.fromEntries(
                resting.map(([name, slot]) => [name, tf.zerosLike(slot)]),
              ),
              tried: {
                genes: tf.tensor2d(genes, [evaluations, width]),
                scores: state['tried']!['scores']!.clone(),
              },
              path: Object.fromEntries(
                Object.entries(pathOf(space, genotype)).map(([cell, row]) => [
                  cell,
                  tf.tensor2d([...row], [row.length, 1]),
                ]),
              ),
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
          const scores = Float32Array.from(await state['tried']!['scores']!.data());
          scores[(round.index - 1) / 2]! += good / round.length;
          return {
            terms: { loss: tf.scalar(loss), candidate: tf.scalar(good) },
            stats: cloneParams(stats),
            grads: {},
            replaced: { tried: { genes: state['tried']!['genes']!.clone(), scores: tf.tensor1d(scores) } },
          };
        },
        weights: ({ params, path }) => ({ ...cloneParams(params), ...tf.tidy(() => chosen(space, path!)) }),
        async found(state) {
          const tried = await readTried(space, state, evaluations);
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

/** One and zero for the operations of a path, as the supernet is given them. */
function chosen({ cells, operations }: Space, path: Params): Params {
  const places = tf.reshape(tf.range(0, operations.length), [1, -1]);
  return Object.fromEntries(
    cells.map((cell) => [weightsName(cell), tf.cast(tf.equal(path[cell]!, places), 'float32')]),
  );
}

async function readPath({ cells }: Space, path: Params): Promise<Path> {
  const read = cells.map(
    async (cell): Promise<[string, number[]]> => [cell, [...(await path[cell]!.data())]],
  );
  return Object.fromEntries(await Promise.all(read));
}

/** The first `count` networks that were tried. */
async function readTried(space: Space, { tried }: Sections, count: number): Promise<Tried[]> {
  const [genes, scores] = await Promise.all([tried!['genes']!.data(), tried!['scores']!.data()]);
  const width = genes.length / scores.length;
  return Array.from({ length: count }, (_, i) => ({
    genotype: genotypeOfGenes(space, [...genes.slice(i * width, (i + 1) * width)]),
    score: scores[i]!,
  }));
}

/** A genotype as numbers: operations, and in DARTS the input of each; of the smallest one where none is given. */
function genesOf({ operations, name, edges }: Space, genotype: Genotype | undefined): number[] {
  if (name === 'nas-bench-201') {
    const cell = genotype?.space === 'nas-bench-201' ? genotype.cell : edges.map(() => operations[0]!);
    return cell.map((op) => operations.indexOf(op));
  }
  if (genotype?.space !== 'darts') return Array.from({ length: 32 }, () => 0);
  return [...genotype.normal, ...genotype.reduce].flatMap(([op, from]) => [operations.indexOf(op), from]);
}

function genotypeOfGenes({ operations, name }: Space, genes: readonly number[]): Genotype {
  if (name === 'nas-bench-201') return { space: 'nas-bench-201', cell: genes.map((o) => operations[o]!) };
  const choice = (_: unknown, i: number) => [operations[genes[2 * i]!]!, genes[2 * i + 1]!] as const;
  const all = Array.from({ length: 16 }, choice);
  return { space: 'darts', normal: all.slice(0, 8), reduce: all.slice(8) };
}

/** The path of a genotype through the supernet. */
function pathOf({ operations, edges, cells }: Space, genotype: Genotype): Path {
  if (genotype.space === 'nas-bench-201') return { cell: genotype.cell.map((op) => operations.indexOf(op)) };
  return Object.fromEntries(
    cells.map((cell) => {
      const choices = genotype[cell as 'normal'];
      const at = edges.map(({ from, to }) => {
        const i = choices.findIndex(([, input], k) => input === from && 2 + Math.floor(k / 2) === to);
        return i === -1 ? -1 : operations.indexOf(choices[i]![0]);
      });
      return [cell, at];
    }),
  );
}
