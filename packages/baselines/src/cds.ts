// Contrastive deep supervision. Zhang et al. 2022 (arXiv:2207.05306): early stages learn to tell images apart, not to
// classify them, by branches that are thrown away.

import { type Batch, MaNetError, type Method, type RunLength, type Task, type Training } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { trainedWithBranches } from './branch-training.ts';
import { type Branched, branched } from './branches.ts';
import { type CdsChoices, type CdsOptions, cdsOptions } from './options.ts';
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
  return {
    ...trainedWithBranches(task, contrastiveTask(task, whole, options), length),
    about: `branches at ${whole.features.length} levels`,
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
