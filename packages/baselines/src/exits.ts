// Networks with exits, trained at all of them. With exits that boost each other and rescaled gradients, which are options of the
// network, this is Boost-DyNN (Yu et al. 2023, arXiv:2211.16726); without, the training of MSDNet (Huang et al. 2018).

import { type Batch, MaNetError, type Method, type Network, type Task } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { plain } from './plain.ts';

/**
 * The loss is the sum of those that the task has at every exit: outputs `exit1`, `exit2`, ... of the network, each in the place of
 * `logits`. Opening a task throws `bad-argument` where its network has fewer than two.
 */
export function exits(): Method {
  return {
    name: 'exits',
    wrap: <B extends Batch>(task: Task<B>): Task<B> => {
      const names = exitsOf(task.network);
      return {
        ...task,
        loss(outputs, batch, ctx) {
          const terms = names.map((name) => task.loss({ ...outputs, logits: outputs[name]! }, batch, ctx));
          const losses = terms.map(({ loss }, n) => [names[n]!, loss] as const);
          return {
            ...terms.at(-1),
            ...Object.fromEntries(losses),
            loss: tf.addN(losses.map(([, loss]) => loss)) as tf.Scalar,
          };
        },
      };
    },
    open: (task, length) => plain().open(task, length),
  };
}

function exitsOf({ name, outputs }: Network): readonly string[] {
  const names = outputs.flatMap((output) => (/^exit\d+$/.test(output.name) ? [output.name] : []));
  if (names.length > 1) return names;
  throw new MaNetError(
    'bad-argument',
    `${name} has ${names.length} exits, and nothing to train at several.`,
    {
      where: 'method "exits"',
      hint: 'choose a network with outputs exit1, exit2, ...: msdnet-cifar, for one.',
    },
  );
}
