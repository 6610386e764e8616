// A data set of one's own: noisy pictures with a bar across, or down. Made as they are asked for, from a seed.

import { type BatchSource, Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

/** `pictures` [B, 8, 8, 1], and 1 in the column of the class in `answers` [B, 2]. */
export interface Bars {
  readonly pictures: tf.Tensor;
  readonly answers: tf.Tensor;
  readonly [name: string]: tf.Tensor;
}

const SIDE = 8;

export function bars(rng: Rng, count: number): Bars {
  const pictures = Float32Array.from(rng.normals(count * SIDE * SIDE, 0.1));
  const answers = new Float32Array(count * 2);
  for (let picture = 0; picture < count; picture++) {
    const [down, at] = [rng.integer(2), rng.integer(SIDE)];
    answers[2 * picture + down] = 1;
    for (let step = 0; step < SIDE; step++) {
      const pixel = down === 1 ? step * SIDE + at : at * SIDE + step;
      pictures[picture * SIDE * SIDE + pixel]! += 1;
    }
  }
  return { pictures: tf.tensor(pictures, [count, SIDE, SIDE, 1]), answers: tf.tensor(answers, [count, 2]) };
}

/** Mini-batches of fresh pictures; number k is always the same one. */
export function barsSource(seed: number, batchSize: number): BatchSource<Bars> {
  const root = Rng.fromSeed(seed);
  let handedOut = 0;
  return {
    batchesPerEpoch: 10,
    next: async () => bars(root.split(handedOut++), batchSize),
    state: () => handedOut,
    restore: (state) => (handedOut = state as number),
    close: async () => undefined,
  };
}
