// A second classifier that trains along. Szegedy et al. 2015 (arXiv:1409.4842), section 5; with the weight of Liu et al. 2019
// (arXiv:1806.09055), section A.2.

import { type Batch, MaNetError, type Method, type Network, type Task } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { trainedWithBranches } from './branch-training.ts';
import { type AuxiliaryChoices, auxiliaryOptions } from './options.ts';

/** The value of a network that is its second classifier. */
const SECOND = 'auxiliary';

/**
 * To the loss comes `weight` times the one that the task has at the network's value `auxiliary`, in the place of `logits`. What that
 * classifier has besides is trained as W is, in a section of its own: what is evaluated, counted, pruned and exported is the network
 * without it. Opening a task throws `bad-argument` where its network names no such value.
 */
export function auxiliary(given: AuxiliaryChoices = {}): Method {
  const { weight } = auxiliaryOptions.parse(given);
  return {
    name: 'auxiliary',
    open: (task, length) => ({
      ...trainedWithBranches(task, auxiliaryTask(task, weight), length),
      about: `a second classifier, at weight ${weight}`,
    }),
  };
}

/** The task on the network with its second classifier, whose loss comes to it with a weight. */
export function auxiliaryTask<B extends Batch>(task: Task<B>, weight: number): Task<B> {
  return {
    ...task,
    network: withSecond(task.network),
    loss(outputs, batch, ctx) {
      const { loss, ...terms } = task.loss(outputs, batch, ctx);
      const { loss: second } = task.loss({ ...outputs, logits: outputs[SECOND]! }, batch, ctx);
      const sum = tf.add(loss, tf.mul(second, weight)) as tf.Scalar;
      return { ...terms, loss: sum, data: loss, auxiliary: second };
    },
  };
}

function withSecond(network: Network): Network {
  if (network.values.some(({ name }) => name === SECOND))
    return network.withOutputs([...network.outputs.map(({ name }) => name), SECOND]);
  throw new MaNetError('bad-argument', `${network.name} has no second classifier to train.`, {
    where: 'method "auxiliary"',
    hint: 'choose a network with one: @ma-net/search#darts-network with auxiliary: true.',
  });
}
