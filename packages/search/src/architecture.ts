// The numbers that a search moves: alpha of every operation of every edge, and the weights that follow from them.

import { MaNetError, type Params, type Rng, type RunLength, type SectionSpec } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Genotype } from './genotype.ts';
import type { Space, Table } from './space.ts';
import { weightsName } from './space.ts';

/** Standard deviation of fresh alphas (Liu et al. 2019, the authors' code). */
const FRESH = 1e-3;

/** A section of one tensor [edges, operations] for each kind of cell. */
export function alphaShapes({ cells, edges, operations }: Space): Record<string, readonly number[]> {
  return Object.fromEntries(cells.map((cell) => [cell, [edges.length, operations.length]]));
}

/** Fresh alphas by kind of cell, owned by the caller. */
export function freshAlphas(space: Space, rng: Rng): Record<string, tf.Tensor> {
  const shapes = Object.entries(alphaShapes(space));
  return Object.fromEntries(
    shapes.map(([cell, shape]) => {
      const values = rng
        .split('alphas')
        .split(cell)
        .normals(shape[0]! * shape[1]!, FRESH);
      return [cell, tf.tensor(values, [...shape])];
    }),
  );
}

/** What a supernet is given: the softmax of every row of alphas. */
export function weightsOf({ cells }: Space, alphas: Params): Record<string, tf.Tensor> {
  return Object.fromEntries(
    cells.map((cell) => [weightsName(cell), tf.softmax(alphas[cell] as tf.Tensor2D)]),
  );
}

/** Rows of numbers as weights of a supernet, owned by the caller. */
export function uploadTable(table: Table): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(table).map(([cell, rows]) => [
      weightsName(cell),
      tf.tensor2d(rows.map((row) => [...row])),
    ]),
  );
}

/** Tensors [edges, operations] by kind of cell, as rows of numbers. */
export async function readTable({ cells }: Space, tensors: Params): Promise<Table> {
  const read = cells.map(async (cell): Promise<[string, number[][]]> => {
    const tensor = tensors[cell]!;
    const [data, width] = [await tensor.data(), tensor.shape[1] ?? 1];
    return [
      cell,
      Array.from({ length: tensor.shape[0]! }, (_, e) => [...data.slice(e * width, (e + 1) * width)]),
    ];
  });
  return Object.fromEntries(await Promise.all(read));
}

/** The softmax of every row. */
export function shares(table: Table): Table {
  const row = (values: readonly number[]): number[] => {
    const most = Math.max(...values);
    const powers = values.map((value) => Math.exp(value - most));
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((value) => value / sum);
  };
  return Object.fromEntries(Object.entries(table).map(([cell, rows]) => [cell, rows.map(row)]));
}

/** Zeros of the shapes of a section, owned by the caller. */
export function zerosOf(shapes: Readonly<Record<string, readonly number[]>>): Record<string, tf.Tensor> {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, tf.zeros([...shape])]));
}

/** Zeros in the place of tensors, owned by the caller. */
export function zerosLikeAll(tensors: Params): Record<string, tf.Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tf.zerosLike(tensor)]));
}

export interface AlphaOptions {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  /** Added to the gradient, times alpha. */
  readonly weightDecay: number;
}

const EPSILON = 1e-8;

/** The section of alphas with what Adam keeps of them. */
export function adamSection(space: Space): SectionSpec {
  const shapes = alphaShapes(space);
  const slots = (slot: string): [string, readonly number[]][] =>
    Object.entries(shapes).map(([cell, shape]) => [`${slot}/${cell}`, shape]);
  return { shapes: { ...shapes, ...Object.fromEntries([...slots('m'), ...slots('v')]), t: [] } };
}

/** Alphas before the first step. */
export function startAdam(space: Space, rng: Rng): Record<string, tf.Tensor> {
  const alphas = freshAlphas(space, rng);
  const zeros = (slot: string): [string, tf.Tensor][] =>
    Object.entries(alphas).map(([cell, alpha]) => [`${slot}/${cell}`, tf.zerosLike(alpha)]);
  return { ...alphas, ...Object.fromEntries([...zeros('m'), ...zeros('v')]), t: tf.scalar(0) };
}

/** One step of Adam (Kingma & Ba 2015) with decay in the gradient. The caller owns the result, and all of the arguments. */
export function adamStep(
  { cells }: Space,
  section: Params,
  grads: Params,
  { learningRate, beta1, beta2, weightDecay }: AlphaOptions,
): Record<string, tf.Tensor> {
  return tf.tidy(() => {
    const t = tf.add(section['t']!, 1);
    const next: Record<string, tf.Tensor> = { t };
    for (const cell of cells) {
      const alpha = section[cell]!;
      const g = tf.add(grads[cell]!, tf.mul(alpha, weightDecay));
      const m = tf.add(tf.mul(section[`m/${cell}`]!, beta1), tf.mul(g, 1 - beta1));
      const v = tf.add(tf.mul(section[`v/${cell}`]!, beta2), tf.mul(tf.mul(g, g), 1 - beta2));
      const mHat = tf.div(m, tf.sub(1, tf.pow(tf.scalar(beta1), t)));
      const vHat = tf.div(v, tf.sub(1, tf.pow(tf.scalar(beta2), t)));
      next[cell] = tf.sub(alpha, tf.mul(tf.div(mHat, tf.add(tf.sqrt(vHat), EPSILON)), learningRate));
      Object.assign(next, { [`m/${cell}`]: m, [`v/${cell}`]: v });
    }
    return next;
  });
}

/** What a search that is done has found. */
export interface Found {
  readonly genotype: Genotype;
}

/** Throws `bad-argument` for a budget that a search cannot do anything with. */
export function refuseBudget({ budget }: RunLength, least: number, what: string): void {
  if (budget >= least) return;
  throw new MaNetError(
    'bad-argument',
    `The search has ${budget} mini-batches, and needs ${least} at least: ${what}.`,
    {
      where: 'epochs',
      hint: 'give the run more epochs, or the search less to do.',
    },
  );
}
