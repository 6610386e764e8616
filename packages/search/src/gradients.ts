// Gradients of a search: of W on one half of the training set, of the architecture on the other.

import {
  backpropagate,
  type Batch,
  type ForwardContext,
  globalNorm,
  type Params,
  type Task,
  type Terms,
} from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Space } from './space.ts';

/** What a step of a search starts from. */
export interface Place<B extends Batch> {
  readonly task: Task<B>;
  readonly space: Space;
  readonly params: Params;
  readonly stats: Params;
  /** By kind of cell. */
  readonly alphas: Params;
  /** What a supernet is given for alphas. Runs under the tape. */
  readonly weigh: (alphas: Params) => Params;
  readonly ctx: ForwardContext;
}

/** Names of alphas beside those of W. */
const alphaName = (cell: string): string => `alphas/${cell}`;

/** The two parts of a mini-batch of two parts of the training set, owned by the caller. */
export function twoParts<B extends Batch>(batch: B): readonly [B, B] {
  const split = tf.tidy(() =>
    Object.fromEntries(
      Object.entries(batch).flatMap(([name, tensor]) => {
        const [one, other] = tf.split(tensor, 2);
        return [
          [`0/${name}`, one!],
          [`1/${name}`, other!],
        ];
      }),
    ),
  );
  const of = (part: number): B =>
    Object.fromEntries(Object.keys(batch).map((name) => [name, split[`${part}/${name}`]!])) as unknown as B;
  return [of(0), of(1)];
}

export interface Gradients {
  readonly terms: Terms;
  readonly stats: Params;
  /** Of W, by name; empty where it was not asked for. */
  readonly params: Record<string, tf.Tensor>;
  /** By kind of cell; empty where it was not asked for. */
  readonly alphas: Record<string, tf.Tensor>;
}

/** Loss and gradients of one part of a mini-batch. The caller owns the result. */
export async function gradients<B extends Batch>(
  { task, space, params, stats, alphas, weigh, ctx }: Place<B>,
  batch: B,
  of: 'params' | 'alphas' | 'both',
): Promise<Gradients> {
  const { cells } = space;
  const given = Object.fromEntries(cells.map((cell) => [alphaName(cell), alphas[cell]!]));
  const own = of === 'alphas' ? [] : Object.keys(params);
  const made = await backpropagate({
    task,
    batch,
    stats,
    ctx,
    values: { ...params, ...given },
    names: of === 'params' ? own : [...own, ...Object.keys(given)],
    forward(values) {
      const w = Object.fromEntries(Object.keys(params).map((name) => [name, values[name]!]));
      const now = Object.fromEntries(cells.map((cell) => [cell, values[alphaName(cell)]!]));
      return { params: { ...w, ...weigh(now) }, aux: {} };
    },
  });
  return {
    terms: made.terms,
    stats: made.stats,
    params: Object.fromEntries(own.map((name) => [name, made.grads[name]!])),
    alphas:
      of === 'params' ? {} : Object.fromEntries(cells.map((cell) => [cell, made.grads[alphaName(cell)]!])),
  };
}

/** A gradient of the architecture, and the loss that it is of. The caller owns both. */
export interface ArchitectureGradient {
  readonly loss: tf.Scalar;
  readonly alphas: Record<string, tf.Tensor>;
}

/** Of the loss with W as it is: the first-order approximation (Liu et al. 2019, section 2.3). */
export async function firstOrder<B extends Batch>(place: Place<B>, batch: B): Promise<ArchitectureGradient> {
  const { terms, stats, alphas } = await gradients(place, batch, 'alphas');
  const { loss, ...others } = terms;
  tf.dispose([others, stats] as tf.TensorContainer);
  return { loss, alphas };
}

/** Numbers apart from W, relative to the norm of the direction (Liu et al. 2019, footnote 2). */
const APART = 0.01;

/**
 * Of the loss after one step of W, at the rate `xi` (Liu et al. 2019, Eq. 7 and 8): what it says of W is turned into what the
 * training says of the architecture by a difference of two gradients.
 */
export async function secondOrder<B extends Batch>(
  place: Place<B>,
  { weights, alphas: held, xi }: { readonly weights: B; readonly alphas: B; readonly xi: number },
): Promise<ArchitectureGradient> {
  const { params } = place;
  const of = (f: (name: string, w: tf.Tensor) => tf.Tensor): Params =>
    tf.tidy(() => Object.fromEntries(Object.entries(params).map(([name, w]) => [name, f(name, w)])));
  const train = await gradients(place, weights, 'params');
  const ahead = of((name, w) => tf.sub(w, tf.mul(train.params[name]!, xi)));
  const there = await gradients({ ...place, params: ahead }, held, 'both');
  const apart = tf.tidy(() => tf.div(APART, globalNorm(there.params)) as tf.Scalar);
  const sides = [];
  for (const sign of [1, -1]) {
    const moved = of((name, w) => tf.add(w, tf.mul(there.params[name]!, tf.mul(apart, sign))));
    sides.push(await gradients({ ...place, params: moved }, weights, 'alphas'));
    tf.dispose(moved as tf.TensorContainerObject);
  }
  const [plus, minus] = sides as [Gradients, Gradients];
  const alphas = tf.tidy(() =>
    Object.fromEntries(
      Object.entries(there.alphas).map(([cell, g]) => {
        const slope = tf.div(tf.sub(plus.alphas[cell]!, minus.alphas[cell]!), tf.mul(apart, 2));
        return [cell, tf.sub(g, tf.mul(slope, xi))];
      }),
    ),
  );
  const { loss, ...others } = there.terms;
  tf.dispose([
    ahead,
    apart,
    others,
    there.params,
    there.alphas,
    there.stats,
    ...[train, plus, minus].flatMap((made) => [made.terms, made.params, made.alphas, made.stats]),
  ] as unknown as tf.TensorContainer);
  return { loss, alphas };
}
