// Whether an exported file computes what the run computes, image by image.
//
// Suffixes: B batch, K classes.

import { MaNetError } from '@ma-net/core';
import type { ImageBatch, ImageSet } from '@ma-net/data';
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
export interface TestImages {
  readonly data: { readonly test: ImageSet };
  readonly evaluationBatches: () => Iterable<ImageBatch>;
}

/** Sums of another program are taken in another order, through every layer; relative to the largest logit. */
const TOLERANCE = 1e-3;

/** Compares the file with `reference` on every test image. Throws `backend-failed` where they disagree. */
export async function verify(
  format: Format,
  path: string,
  reference: TrainedNetwork,
  { data, evaluationBatches }: TestImages,
  pixels: boolean,
): Promise<Verified> {
  const { images: bytes, labels } = data.test;
  const total = labels.length;
  let [seen, same, largest, scale] = [0, 0, 0, 1];
  for (const batch of evaluationBatches()) {
    const { shape } = batch.images_BHWC;
    const size = batch.images_BHWC.size / shape[0];
    const expected_BK = tf.tidy(() => {
      const { network, params, stats } = reference;
      const images = batch.images_BHWC;
      return network.forward(params, stats, { images }, { training: false }).outputs['logits']!;
    });
    const normalised = (await batch.images_BHWC.data()) as Float32Array;
    const expected = await expected_BK.data();
    const classes = expected_BK.size / shape[0];
    tf.dispose([batch.images_BHWC, batch.labels_B, expected_BK]);

    // The last batch is filled up; only real images are handed over and compared.
    const count = Math.min(shape[0], total - seen);
    const given = pixels
      ? Float32Array.from(bytes.subarray(seen * size, (seen + count) * size))
      : normalised.slice(0, count * size);
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
