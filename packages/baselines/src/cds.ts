// Contrastive deep supervision. Zhang et al. 2022 (arXiv:2207.05306): early stages learn to tell images apart, not to
// classify them, by branches that are thrown away.

import {
  backpropagate,
  type Batch,
  cloneParams,
  MaNetError,
  type Method,
  type Network,
  type Params,
  type RunLength,
  type Task,
  type Training,
} from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { type Branched, branched } from './branches.ts';
import { type CdsChoices, type CdsOptions, cdsOptions } from './options.ts';
import { epochs } from './plain.ts';
import { supervisedContrast } from './supervised-contrast.ts';

/**
 * Two views of every image go through the network together. The task's loss is of the first view alone; to it comes `weight`
 * times the contrastive loss of every level's features. The branches are trained as W is, in a section of their own: what is
 * evaluated, pruned and exported is the network of the task. Opening it throws what `branched` throws.
 */
export function cds(given: CdsChoices = {}): Method {
  const options = { ...cdsOptions.parse({}), ...given } as CdsOptions;
  return { name: 'cds', views: 2, open: (task, length) => openCds(task, length, options) };
}

function openCds<B extends Batch>(task: Task<B>, length: RunLength, options: CdsOptions): Training<B> {
  const whole = branched(task.network, options.features);
  const contrasted = contrastiveTask(task, whole, options);
  const { shapes, resting } = branchesOf(task.network, whole.network);
  return {
    rounds: epochs(length.budget, length.batchesPerEpoch),
    sections: { branches: { shapes, optimization: 'params' } },
    about: `branches at ${whole.features.length} levels`,
    init(rng) {
      const { params, stats } = whole.network.init(rng.split('network'));
      const own = Object.keys(shapes);
      const others = Object.entries(params).filter(([name]) => !own.includes(name));
      tf.dispose([stats, Object.fromEntries(others)] as tf.TensorContainer);
      return { branches: Object.fromEntries(own.map((name) => [name, params[name]!])) };
    },

    async step(_, __, { params, stats, branches = {} }, batch, ctx) {
      const still = resting();
      const made = await backpropagate({
        task: contrasted,
        batch,
        stats: { ...stats, ...still },
        ctx,
        values: { ...params, ...branches },
        names: [...Object.keys(params), ...Object.keys(branches)],
        forward: (w) => ({ params: w, aux: {} }),
      });
      const [own, ofBranches] = divided(made.grads, params);
      const [next, unread] = divided(made.stats, stats);
      tf.dispose([unread, still] as tf.TensorContainer);
      return { terms: made.terms, stats: next, grads: { params: own, branches: ofBranches } };
    },

    weights: ({ params }) => cloneParams(params),
  };
}

/**
 * The task on a network with branches: the loss that it has of the first view, and `weight` times that of the features of both.
 * Its loss throws `bad-argument` for batches that do not hold two views, or no labels where they are asked for.
 */
export function contrastiveTask<B extends Batch>(
  task: Task<B>,
  { network, features }: Branched,
  { weight, labels, temperature }: CdsOptions,
): Task<B> {
  if (task.assign !== undefined) {
    throw new MaNetError(
      'bad-argument',
      `The task "${task.name}" decides about outputs of whole mini-batches.`,
      {
        where: 'method "cds"',
        hint: 'contrast is for tasks whose loss is of one image at a time, such as classification.',
      },
    );
  }
  return {
    ...task,
    network,
    loss(outputs, batch, ctx) {
      const rows = outputs[features[0]!]!.shape[0]!;
      const labels_M = labels ? batch['labels_B'] : undefined;
      if (rows % 2 !== 0 || (labels && labels_M === undefined)) {
        throw new MaNetError(
          'bad-argument',
          labels_M === undefined && labels
            ? 'The mini-batches have no labels.'
            : `A mini-batch of ${rows} images does not hold two views of each.`,
          {
            where: 'method "cds"',
            hint: 'give images with labels_B, or contrast views alone: labels: false.',
          },
        );
      }
      const { loss, ...terms } = task.loss(firstOf(outputs, rows), firstOf(batch, rows), ctx);
      const contrasts = features.map((name) =>
        supervisedContrast(outputs[name] as tf.Tensor2D, labels_M as tf.Tensor1D | undefined, {
          temperature,
          base: 0.07,
        }),
      );
      const contrast = tf.addN(contrasts) as tf.Scalar;
      return { ...terms, loss: tf.add(loss, tf.mul(contrast, weight)) as tf.Scalar, data: loss, contrast };
    },
  };
}

/** The first half of all that has a row for each image. */
function firstOf<T extends Readonly<Record<string, tf.Tensor>>>(tensors: T, rows: number): T {
  const halved = Object.entries(tensors).map(([name, x]) => [
    name,
    x.shape[0] === rows ? tf.slice(x, 0, rows / 2) : x,
  ]);
  return Object.fromEntries(halved) as T;
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
