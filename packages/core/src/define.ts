import * as tf from '@tensorflow/tfjs-core';
import { describe } from './describe.ts';
import { execute } from './execute.ts';
import { initialValues } from './init.ts';
import type { Shapes } from './ledger.ts';
import type { Network } from './network.ts';
import type { Program } from './program.ts';

/**
 * Makes a network of a program. Everything a network declares (parameters, connections, coupling groups,
 * features, costs) follows from running the program once on shapes.
 */
export function defineNetwork(
  name: string,
  inputShape: readonly [number, number, number],
  program: Program,
  shapes: Shapes = {},
): Network {
  const description = describe(program, inputShape, shapes);
  return {
    name,
    inputShape,
    ...description,
    program,
    init(rng) {
      const params: Record<string, tf.Tensor> = {};
      for (const spec of description.parameters) {
        params[spec.name] = tf.tensor(initialValues(spec.init, spec.shape, rng.split(spec.name)), [
          ...spec.shape,
        ]);
      }
      const stats: Record<string, tf.Tensor> = {};
      for (const { name: stat, shape, initial } of description.statistics)
        stats[stat] = tf.fill([...shape], initial);
      return { params, stats };
    },
    forward: (params, stats, images_BHWC, ctx) => execute(program, params, stats, images_BHWC, ctx),
    resized: (other) => defineNetwork(name, inputShape, program, other),
  };
}
