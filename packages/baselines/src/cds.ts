// Contrastive deep supervision. Zhang et al. 2022 (arXiv:2207.05306): early stages learn to tell images apart, not to
// classify them, by branches that are thrown away.

import { type Batch, MaNetError, type Method, type RunLength, type Task, type Training } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { trainedWithBranches } from './branch-training.ts';
import { type Branched, branched } from './branches.ts';
import { type CdsChoices, type CdsOptions, cdsOptions, taughtOptions } from './options.ts';
import { supervisedContrast } from './supervised-contrast.ts';
import { adapted, type Pictures, taught, taughtTask, type Teacher } from './teacher.ts';

/**
 * Two views of every image go through the network together. The task's loss is of the first view alone; to it comes `weight`
 * times the contrastive loss of every level's features. The branches are trained as W is, in a section of their own: what is
 * evaluated, pruned and exported is the network of the task. A `teacher`, which was trained so before, adds what `taughtTask` says;
 * its weights are read at the first mini-batch. Opening it throws what `branched` throws, and `bad-argument` for a teacher of another
 * number of levels.
 */
export function cds(given: CdsChoices = {}, teacher?: Teacher): Method {
  const options = { ...cdsOptions.parse({}), ...given } as CdsOptions;
  return { name: 'cds', views: 2, open: (task, length) => openCds(task, length, options, teacher) };
}

function openCds<B extends Batch>(
  task: Task<B>,
  length: RunLength,
  options: CdsOptions,
  teacher: Teacher | undefined,
): Training<B> {
  const student = branched(task.network, options.features);
  const contrasted = contrastiveTask(task, student, options);
  const about = `branches at ${student.features.length} levels`;
  if (teacher === undefined) return { ...trainedWithBranches(task, contrasted, length), about };
  const { network, features } = teacher;
  const widthOf = (name: string): number => network.outputs.find((one) => one.name === name)!.shape.at(-1)!;
  if (features.length !== student.features.length) {
    throw new MaNetError(
      'bad-argument',
      `The teacher has ${features.length} levels, the student ${student.features.length}.`,
      { where: 'teacher', hint: 'take a teacher with as many stages.' },
    );
  }
  const pictures = {
    numClasses: task.network.outputs.find(({ name }) => name === 'logits')!.shape.at(-1)!,
    inputShape: task.network.inputs[0]!.shape as Pictures['inputShape'],
  };
  const how = taughtOptions.parse({
    weight: options.teacher?.weight,
    temperature: options.teacher?.temperature,
  });
  const whole = taughtTask(contrasted, adapted(student, widthOf(features[0]!)), teacher, how);
  const training = trainedWithBranches(task, whole, length, taught(teacher, pictures));
  return { ...training, about: `${about}, taught by ${network.name}` };
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
