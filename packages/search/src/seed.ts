// A generator of a search's own, kept in its state: what is drawn between two mini-batches does not depend on when it was stopped.

import { type Params, Rng, type SectionSpec } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

/** Whole numbers below it are held by float32. */
const HALF = 2 ** 24;

/** The section that holds a seed. */
export const seedSection: SectionSpec = { shapes: { halves: [2] } };

/** Such a section, drawn from `rng`, owned by the caller. */
export const startSeed = (rng: Rng): Record<string, tf.Tensor> => ({
  halves: tf.tensor1d([rng.integer(HALF), rng.integer(HALF)]),
});

/** The generator of a section; the same one each time. */
export async function rngOfSeed(section: Params): Promise<Rng> {
  const [high, low] = (await section['halves']!.data()) as unknown as [number, number];
  return Rng.fromSeed(high * HALF + low);
}
