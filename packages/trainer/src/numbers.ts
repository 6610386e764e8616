// What is looked at at every mini-batch, read back as one tensor.

import { MaNetError, sync } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

export interface StepNumbers {
  readonly loss: number;
  readonly terms: Readonly<Record<string, number>>;
  readonly norms: Readonly<Record<string, number>>;
}

/**
 * The terms of a step, the norms of its gradients and what else is asked for, all of which it disposes. Throws
 * `bad-argument` without a loss.
 */
export async function readNumbers(
  { loss, ...terms }: Readonly<Record<string, tf.Scalar>>,
  norms: Readonly<Record<string, tf.Scalar>>,
  others: readonly tf.Scalar[] = [],
): Promise<{ readonly numbers: StepNumbers; readonly others: readonly number[] }> {
  if (loss === undefined) {
    throw new MaNetError('bad-argument', 'A step of the method has no term called "loss".', {
      hint: 'return the loss that was differentiated among the terms of the step.',
    });
  }
  const [termNames, normNames] = [Object.keys(terms), Object.keys(norms)];
  const packed = tf.stack([loss, ...Object.values(terms), ...Object.values(norms), ...others]);
  tf.dispose([loss, terms, norms, others] as tf.TensorContainer);
  const [[value, ...rest]] = await Promise.all([packed.data(), sync()]);
  packed.dispose();
  const named = (names: readonly string[], first: number): Record<string, number> =>
    Object.fromEntries(names.map((name, i) => [name, rest[first + i]!]));
  return {
    numbers: { loss: value!, terms: named(termNames, 0), norms: named(normNames, termNames.length) },
    others: rest.slice(termNames.length + normNames.length),
  };
}
