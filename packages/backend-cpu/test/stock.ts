// Comparing one kernel with the stock one it replaces, on equal inputs.

import { Rng } from '@ma-net/core';
import { difference, onReference } from '@ma-net/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { cpu } from '../src/adapter.ts';

export type Inputs = Record<string, tf.Tensor>;

/** Runs a kernel directly, ours and the stock one, on the same random inputs. */
export async function agree(name: string, make: () => Inputs, attrs: object = {}): Promise<void> {
  const run = async (): Promise<{ shape: number[]; dtype: string; data: ArrayLike<number> }> => {
    const y = tf.tidy(() => tf.engine().runKernel(name, make(), attrs as tf.NamedAttrMap) as tf.Tensor);
    const data = await y.data();
    y.dispose();
    return { shape: y.shape, dtype: y.dtype, data };
  };
  const [expected, found] = [await onReference(run), await run()];
  const reason = difference(found, expected, cpu.tolerance);
  if (reason !== undefined) expect.fail(`${name} ${JSON.stringify(attrs)}: ${reason}`);
}

/** A tensor of normal numbers. */
export const normals = (rng: Rng, ...shape: number[]): tf.Tensor =>
  tf.tensor(
    rng.normals(
      shape.reduce((a, b) => a * b, 1),
      1,
    ),
    shape,
  );

/** One of `values`. */
export const pick = <T>(rng: Rng, values: readonly T[]): T => values[rng.integer(values.length)]!;

/** The same draw for both backends: `draw` gets a generator that starts anew each time. */
export const repeat = (
  label: string,
  times: number,
  body: (rng: () => Rng) => Promise<void>,
): Promise<void> =>
  Array.from({ length: times }).reduce<Promise<void>>(
    (before, _, i) => before.then(() => body(() => Rng.fromSeed(5).split(label).split(i))),
    Promise.resolve(),
  );
