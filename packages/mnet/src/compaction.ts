// Carrying a compaction out.

import { assertSameShapes, checkMasks, type Masks, type Network, type Params } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import type { CompactionPlan } from './compaction-plan.ts';
import { checkCuts, keptIndices, shapesAfter } from './cuts.ts';

export interface Compacted {
  readonly network: Network;
  readonly params: Record<string, tf.Tensor>;
  readonly stats: Record<string, tf.Tensor>;
}

/**
 * The smaller network and its tensors, owned by the caller. `params` are pruned ones (`applyPlan`): their
 * dead connections are 0, so the outputs stay the same. Throws `prune-refused` or `network-mismatch` before
 * it touches anything.
 */
export function applyCompaction(
  network: Network,
  params: Params,
  stats: Params,
  plan: CompactionPlan,
): Compacted {
  checkCuts(network, plan.cuts);
  const declared = [...network.parameters, ...network.statistics].map(({ name, shape }) => [name, shape]);
  const found = Object.entries({ ...params, ...stats }).map(([name, { shape }]) => [name, shape]);
  assertSameShapes(
    Object.fromEntries(declared) as Record<string, readonly number[]>,
    Object.fromEntries(found) as Record<string, readonly number[]>,
    `compaction of ${network.name}`,
    'pass the parameters and statistics of the network the plan was made on.',
  );
  const keeps = keptIndices(network, plan.cuts);
  const take = (tensors: Params): Record<string, tf.Tensor> =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => {
        let taken = tensor.clone();
        for (const [axis, indices] of keeps.get(name) ?? []) {
          taken = tf.gather(taken, tf.tensor1d([...indices], 'int32'), axis);
        }
        return [name, taken];
      }),
    );
  const tensors = tf.tidy(() => ({ params: take(params), stats: take(stats) }));
  return { network: network.resized(shapesAfter(network, plan.cuts)), ...tensors };
}

/** The masks of the surviving connections, for the compacted network. */
export function compactMasks(
  network: Network,
  masks: Masks,
  plan: CompactionPlan,
): Record<string, Uint8Array> {
  checkCuts(network, plan.cuts);
  checkMasks(network, masks);
  const keeps = keptIndices(network, plan.cuts);
  const masked = network.kernels.filter(({ param }) => Object.hasOwn(masks, param));
  return Object.fromEntries(
    masked.map(({ param: name, preAxis, postAxis, preNeurons, postNeurons }) => {
      const mask = masks[name]!;
      const pres = keeps.get(name)?.get(preAxis) ?? Array.from({ length: preNeurons }, (_, i) => i);
      const posts = keeps.get(name)?.get(postAxis) ?? Array.from({ length: postNeurons }, (_, o) => o);
      return [name, Uint8Array.from(pres.flatMap((i) => posts.map((o) => mask[i * postNeurons + o]!)))];
    }),
  );
}
