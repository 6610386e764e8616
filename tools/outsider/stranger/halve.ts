// A method of one's own: half of the training as it is, then every kernel stops listening to the half of its inputs
// that weighs least, and the rest learns to do without.

import { backpropagate, type Masks, type Method, type ModulatedKernel, type Params } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

/** `from`: the part of the training that is left as it is. */
export function halve(from: number): Method {
  return {
    name: 'stranger.halve',
    open(task, { budget }) {
      const half = Math.floor(budget * from);
      // A kernel of a single input has nothing to stop listening to.
      const kernels = task.network.kernels.filter(({ preNeurons }) => preNeurons > 1);
      return {
        rounds: [
          { index: 0, kind: 'whole', start: 0, length: half },
          { index: 1, kind: 'halved', start: half, length: budget - half },
        ],
        // 1 where a connection lives [F, O]; saved with the weights.
        sections: {
          alive: {
            shapes: Object.fromEntries(kernels.map((k) => [k.param, [k.preNeurons, k.postNeurons]])),
            mayBeEmpty: true,
          },
        },
        init: () => ({}),

        async before(b, round, { params }) {
          if (round.kind !== 'halved' || b !== round.start) return undefined;
          const alive: Record<string, tf.Tensor> = {};
          for (const kernel of kernels)
            alive[kernel.param] = await heavierHalf(kernel, params[kernel.param]!);
          return { replaced: { alive } };
        },

        async step(_, __, { params, stats, alive = {} }, batch, ctx) {
          const values = params;
          const names = Object.keys(params);
          const forward = (w: Params) => ({ params: masked(w, alive), aux: {} });
          const made = await backpropagate({ task, batch, stats, ctx, values, names, forward });
          return { terms: made.terms, stats: made.stats, grads: { params: made.grads } };
        },

        weights: ({ params, alive = {} }) => tf.tidy(() => masked(params, alive)),

        async removal({ params, alive = {} }) {
          if (Object.keys(alive).length === 0) return undefined;
          const masks: Record<string, Uint8Array> = {};
          for (const { param, preNeurons, postNeurons } of task.network.kernels) {
            const mask = alive[param];
            masks[param] = mask
              ? Uint8Array.from(await mask.data())
              : new Uint8Array(preNeurons * postNeurons).fill(1);
          }
          return {
            masks: masks satisfies Masks,
            rule: { mode: 'target', removeModulated: 0.5 },
            moved: false,
            weights: () => tf.tidy(() => masked(params, alive)),
          };
        },
      };
    },
  };
}

/** 1 for every connection of the inputs whose slices of the kernel are the larger ones. */
async function heavierHalf(
  { preNeurons, postNeurons, area }: ModulatedKernel,
  kernel: tf.Tensor,
): Promise<tf.Tensor> {
  const weight_F = tf.tidy(() => tf.sum(tf.abs(tf.reshape(kernel, [area, preNeurons, postNeurons])), [0, 2]));
  const weights = await weight_F.data();
  weight_F.dispose();
  const middle = [...weights].sort((a, b) => a - b)[Math.floor(preNeurons / 2)]!;
  const mask = Array.from(weights, (w) => Array.from({ length: postNeurons }, () => Number(w >= middle)));
  return tf.tensor2d(mask);
}

/** The weights, with zeros for connections that are not alive. Kernels are [.., F, O]: masks fit their last two axes. */
function masked(params: Params, alive: Params): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [
      name,
      name in alive ? tf.mul(value, alive[name]!) : value.clone(),
    ]),
  );
}
