import { backpropagate, cloneParams, type Method, type Round } from '@ma-net/core';
import type { PlainOptions } from './options.ts';

/**
 * The network alone: what every other method is compared with. With several views every mini-batch holds each sample as
 * often, changed otherwise, and all of them are learned from: what a method with views is compared with.
 */
export function plain({ views }: PlainOptions = {}): Method {
  return {
    name: 'plain',
    ...(views === undefined ? {} : { views }),
    open: (task, { budget, batchesPerEpoch }) => ({
      rounds: epochs(budget, batchesPerEpoch),
      sections: {},
      init: () => ({}),
      async step(_, _round, { params, stats }, batch, ctx) {
        const {
          terms,
          stats: next,
          grads,
        } = await backpropagate({
          task,
          batch,
          stats,
          ctx,
          values: params,
          names: Object.keys(params),
          forward: (w) => ({ params: w, aux: {} }),
        });
        return { terms, stats: next, grads: { params: grads } };
      },
      weights: ({ params }) => cloneParams(params),
    }),
  };
}

/** One round an epoch; the last one may be shorter. */
export function epochs(budget: number, length: number): Round[] {
  return Array.from({ length: Math.ceil(budget / length) }, (_, index) => ({
    index,
    kind: 'plain',
    start: index * length,
    length: Math.min(length, budget - index * length),
  }));
}
