// Whether an exported file computes what the run computes, sample by sample.
//
// Suffixes: B batch, K classes.

import {
  type Batch,
  type DataFacts,
  type InputFacts,
  MaNetError,
  type Params,
  type Task,
} from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Format } from './format.ts';
import type { TrainedNetwork } from './network-file.ts';

export interface Verified {
  readonly images: number;
  /** Test images that get the same class. */
  readonly same: number;
  /** Largest difference of two logits. */
  readonly largest: number;
}

/** Test images, and the batches in which a network is given them; the last one may be filled up. */
export interface TestImages<B extends Batch> {
  readonly task: Pick<Task<B>, 'inputs'>;
  readonly facts: Pick<DataFacts, 'input'>;
  readonly data: { readonly test: { readonly samples: number } };
  readonly evaluationBatches: () => Iterable<B> | AsyncIterable<B>;
}

/** Sums of another program are taken in another order, through every layer; relative to the largest logit. */
const TOLERANCE = 1e-3;

/**
 * Compares the network's first output of the file with that of `reference` on every test image; the network has one
 * input. Throws `backend-failed` where they disagree.
 */
export async function verify<B extends Batch>(
  format: Format,
  path: string,
  { network, params, stats }: TrainedNetwork,
  { task, facts, data, evaluationBatches }: TestImages<B>,
  pixels: boolean,
): Promise<Verified> {
  const total = data.test.samples;
  const [input, output] = [network.inputs[0]!.name, network.outputs[0]!.name];
  let [seen, same, largest, scale] = [0, 0, 0, 1];
  for await (const batch of evaluationBatches()) {
    const images = task.inputs(batch)[input]!;
    const shape = images.shape as [number, number, number, number];
    const expected_BK = tf.tidy(
      () =>
        network.forward(params, stats, { [input]: images } as Params, { training: false }).outputs[output]!,
    );
    const normalised = (await images.data()) as Float32Array;
    const expected = await expected_BK.data();
    const size = images.size / shape[0];
    const classes = expected_BK.size / shape[0];
    tf.dispose([batch, expected_BK] as unknown as tf.TensorContainer);

    // The last batch is filled up; only real images are handed over and compared.
    const count = Math.min(shape[0], total - seen);
    const real = normalised.slice(0, count * size);
    const given = pixels ? toPixels(real, facts.input) : real;
    const found = await format.run(path, { data: given, shape: [count, shape[1], shape[2], shape[3]] });
    for (let i = 0; i < count; i++) {
      const row = (all: ArrayLike<number>): number[] =>
        Array.from({ length: classes }, (_, k) => all[i * classes + k]!);
      const [a, b] = [row(expected), row(found)];
      a.forEach((value, k) => {
        scale = Math.max(scale, Math.abs(value));
        // Written so that a NaN is the largest difference there is.
        const difference = Math.abs(value - b[k]!);
        if (!(difference <= largest)) largest = difference;
      });
      same += Number(a.indexOf(Math.max(...a)) === b.indexOf(Math.max(...b)));
    }
    seen += count;
  }
  if (!(largest <= TOLERANCE * scale)) {
    throw new MaNetError(
      'backend-failed',
      `The file computes something else: logits differ by up to ${largest.toPrecision(3)}, expected at most ${(TOLERANCE * scale).toPrecision(3)}; ${same} of ${total} test images get the same class.`,
      { where: path, hint: 'do not use this file; please report the run that it came from.' },
    );
  }
  return { images: total, same, largest };
}

/** The pixels that became these inputs: the inverse of (pixel / white - mean) / std, channel by channel. */
function toPixels(normalised: Float32Array, { mean, std, white }: InputFacts): Float32Array {
  return normalised.map((value, i) => {
    const channel = i % mean.length;
    return (value * std[channel]! + mean[channel]!) * white;
  });
}
