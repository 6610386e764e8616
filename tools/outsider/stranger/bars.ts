// A data set of one's own: noisy pictures with a bar across, or down. Made as they are asked for, from a seed.

import { type BatchSource, type Data, Rng } from '@ma-net/core';
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

const [SAMPLES, TESTS] = [320, 64];
const split = (name: string, samples: number) => ({ name, samples, fingerprint: `bars, ${name}` });

/** What a run draws from. */
export const barsData: Data<Bars> = {
  facts: {
    classNames: ['across', 'down'],
    shapes: { images: [SIDE, SIDE, 1] },
    input: { mean: [0], std: [1], white: 1 },
  },
  train: split('train', SAMPLES),
  test: split('test', TESTS),
  open: async ({ rng, batchSize }) => barsSource(rng, batchSize),
  testBatches: () => [bars(Rng.fromSeed(99), TESTS)],
  recalibrationBatches: (batchSize) => [bars(Rng.fromSeed(98), batchSize)],
};

/** Mini-batches of fresh pictures; number k is always the same one. */
function barsSource(root: Rng, batchSize: number): BatchSource<Bars> {
  let handedOut = 0;
  return {
    batchesPerEpoch: SAMPLES / batchSize,
    next: async () => bars(root.split(handedOut++), batchSize),
    state: () => handedOut,
    restore: (state) => (handedOut = state as number),
    close: async () => undefined,
  };
}
