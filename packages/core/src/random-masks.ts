// What dropout and stochastic depth multiply with. Masks are drawn on the host, so that all backends agree, and
// uploaded: their values are no part of the recorded graph, which stays one for all steps.

import * as tf from '@tensorflow/tfjs-core';
import { MaNetError } from './errors.ts';
import type { Ledger } from './ledger.ts';
import type { Rng } from './rng.ts';

/** 0 with probability `rate`, else 1 / (1 - rate). */
export function kept(rng: Rng, shape: readonly number[], rate: number): tf.Tensor {
  const values = new Float32Array(tf.util.sizeFromShape([...shape]));
  const scale = 1 / (1 - rate);
  for (let i = 0; i < values.length; i++) values[i] = rng.uniform() < rate ? 0 : scale;
  return tf.tensor(values, [...shape]);
}

/** Throws `bad-argument` unless `rate` is a part that can be dropped. */
export function checkRate(on: Ledger, rate: number): void {
  if (rate >= 0 && rate < 1) return;
  throw new MaNetError('bad-argument', `The option "rate" is ${rate}.`, {
    where: `layer "${on.layer}"`,
    hint: 'pass the part to drop, from 0 up to but not including 1.',
  });
}
