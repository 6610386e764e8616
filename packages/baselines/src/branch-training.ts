// Training with branches that are left out: a network beside the one that is evaluated, with parameters of its own.

import {
  backpropagate,
  type Batch,
  cloneParams,
  type Network,
  type Params,
  type Task,
  type Training,
} from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { epochs } from './plain.ts';
import type { Taught as Beside } from './teacher.ts';

/**
 * Trains the network of `task` together with what that of `whole` has besides, by the loss of `whole`. The branches are trained as W
 * is, in a section of their own; their running statistics are read by nobody, and stay at rest. What is evaluated, pruned and
 * exported is the network of `task`. What `beside` says of a mini-batch is there for the loss.
 */
export function trainedWithBranches<B extends Batch>(
  task: Task<B>,
  whole: Task<B>,
  { budget, batchesPerEpoch }: { readonly budget: number; readonly batchesPerEpoch: number },
  beside?: Beside,
): Training<B> {
  const { shapes, resting } = branchesOf(task.network, whole.network);
  return {
    rounds: epochs(budget, batchesPerEpoch),
    sections: { branches: { shapes, optimization: 'params' } },
    init(rng) {
      const { params, stats } = whole.network.init(rng.split('network'));
      const own = Object.keys(shapes);
      const others = Object.entries(params).filter(([name]) => !own.includes(name));
      tf.dispose([stats, Object.fromEntries(others)] as tf.TensorContainer);
      return { branches: Object.fromEntries(own.map((name) => [name, params[name]!])) };
    },

    async step(_, __, { params, stats, branches = {} }, batch, ctx) {
      const still = resting();
      await beside?.ready();
      const told = beside?.ask(task.inputs(batch), ctx) ?? {};
      const made = await backpropagate({
        task: whole,
        batch: { ...batch, ...told },
        stats: { ...stats, ...still },
        ctx,
        values: { ...params, ...branches },
        names: [...Object.keys(params), ...Object.keys(branches)],
        forward: (w) => ({ params: w, aux: {} }),
      });
      const [own, ofBranches] = divided(made.grads, params);
      const [next, unread] = divided(made.stats, stats);
      tf.dispose([unread, still, told] as tf.TensorContainer);
      return { terms: made.terms, stats: next, grads: { params: own, branches: ofBranches } };
    },

    weights: ({ params }) => cloneParams(params),
    ...(beside === undefined ? {} : { dispose: () => beside.dispose() }),
  };
}

/** What a network with branches has besides: shapes of parameters, and the statistics that nobody reads. */
function branchesOf(
  network: Network,
  whole: Network,
): { readonly shapes: Record<string, readonly number[]>; readonly resting: () => Params } {
  const known = new Set([...network.parameters, ...network.statistics].map(({ name }) => name));
  const others = <T extends { readonly name: string }>(all: readonly T[]): T[] =>
    all.filter(({ name }) => !known.has(name));
  return {
    shapes: Object.fromEntries(others(whole.parameters).map(({ name, shape }) => [name, shape])),
    resting: () =>
      Object.fromEntries(
        others(whole.statistics).map(({ name, shape, initial }) => [name, tf.fill([...shape], initial)]),
      ),
  };
}

/** The tensors that `of` has by name, and the others. */
function divided(tensors: Params, of: Params): readonly [Params, Params] {
  const [own, others] = [true, false].map((has) =>
    Object.fromEntries(Object.entries(tensors).filter(([name]) => Object.hasOwn(of, name) === has)),
  ) as [Params, Params];
  return [own, others];
}
