// Whether an exported file computes what the run computes, sample by sample.
//
// Suffix: B batch.

import {
  type Batch,
  type DataFacts,
  type HostBatch,
  type HostTensor,
  type InputFacts,
  lookAt,
  MaNetError,
  readParams,
  type Task,
} from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Format } from './format.ts';
import type { TrainedNetwork } from './network-bytes.ts';
import { imageInput, seesBgr } from './normalisation.ts';

export interface Verified {
  readonly images: number;
  /** Test images for which every output has its largest entries at the same places: the same class, for one. */
  readonly same: number;
  /** Largest difference of two numbers. */
  readonly largest: number;
}

/** Test images, and the batches in which a network is given them; the last one may be filled up. */
export interface TestImages<B extends Batch> {
  readonly task: Pick<Task<B>, 'inputs' | 'look'>;
  readonly facts: Pick<DataFacts, 'input'>;
  readonly data: { readonly test: { readonly samples: number } };
  readonly evaluationBatches: () => Iterable<B> | AsyncIterable<B>;
}

/** Sums of another program are taken in another order, through every layer; relative to the largest number. */
const TOLERANCE = 1e-3;

/**
 * Compares the outputs of files with those of `reference` on every test image, each in the shape that the data give it;
 * `pixels` where the files take them. `fileOf` names the file that takes images [H, W, C], or is one that takes them all.
 * Throws `backend-failed` where they disagree.
 */
export async function verify<B extends Batch>(
  format: Pick<Format, 'run'>,
  fileOf: string | ((images: readonly number[]) => string),
  { network, params, stats }: TrainedNetwork,
  { task, facts, data, evaluationBatches }: TestImages<B>,
  pixels: boolean,
): Promise<Verified> {
  const image = pixels ? imageInput(network) : undefined;
  let [seen, same, largest, scale] = [0, 0, 0, 1];
  let path = '';
  for await (const batch of evaluationBatches()) {
    const { inputs, outputs, owned } = await lookAt(task, { network, params, stats }, batch);
    // Of data whose last batch of every shape is filled up.
    const indices = (batch as Readonly<Record<string, tf.Tensor>>)['indices_B'];
    const real = indices === undefined ? undefined : (await indices.data()).filter((i) => i >= 0).length;
    const [given, expected] = await Promise.all([readParams(inputs), readParams(outputs)]);
    tf.dispose([batch, owned] as tf.TensorContainer);

    const { shape } = given[network.inputs[0]!.name]!;
    path = typeof fileOf === 'string' ? fileOf : fileOf(shape.slice(1));
    // The last batch is filled up; only what is real is handed over and compared.
    const count = real ?? Math.min(shape[0]!, data.test.samples - seen);
    const handed = first(given, count);
    if (image !== undefined) handed[image] = toPixels(handed[image]!, facts.input);
    const found = await format.run(path, handed);
    const alike = Array<boolean>(count).fill(true);
    for (const [name, wanted] of Object.entries(first(expected, count))) {
      const got = found[name];
      if (got?.shape.join() !== wanted.shape.join()) throw otherOutput(path, name, wanted, got);
      wanted.data.forEach((value, k) => {
        scale = Math.max(scale, Math.abs(value));
        // Written so that a NaN is the largest difference there is.
        const difference = Math.abs(value - got.data[k]!);
        if (!(difference <= largest)) largest = difference;
      });
      const [a, b] = [places(wanted), places(got)];
      a.forEach((place, k) => {
        if (place !== b[k]) alike[Math.floor((k * count) / a.length)] = false;
      });
    }
    same += alike.filter(Boolean).length;
    seen += count;
  }
  if (!(largest <= TOLERANCE * scale)) {
    throw new MaNetError(
      'backend-failed',
      `The file computes something else: outputs differ by up to ${largest.toPrecision(3)}, expected at most ${(TOLERANCE * scale).toPrecision(3)}; ${same} of ${seen} test images come out the same.`,
      { where: path, hint: 'do not use this file; please report the run that it came from.' },
    );
  }
  return { images: seen, same, largest };
}

/** The first `count` samples. */
function first(batch: HostBatch, count: number): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(batch).map(([name, { shape, data, ...more }]) => {
      const taken = data.slice(0, (data.length / shape[0]!) * count);
      return [name, { ...more, shape: [count, ...shape.slice(1)], data: taken }];
    }),
  );
}

/** The pixels, RGB, whole numbers but for padding, that images were normalised from. */
function toPixels({ shape, data }: HostTensor, input: InputFacts): HostTensor {
  const { mean, std, white } = input;
  const channels = shape.at(-1)!;
  const pixels = Float32Array.from(data, (_, k) => {
    const to = k % channels;
    const c = seesBgr(input) ? channels - 1 - to : to;
    const pixel = (data[k - to + c]! * std[c]! + mean[c]!) * white;
    // Padding is 0 once it is normalised, which need not be a whole number before.
    return Math.abs(pixel - Math.round(pixel)) < 1e-2 ? Math.round(pixel) : pixel;
  });
  return { shape, dtype: 'float32', data: pixels };
}

/** Where the largest entry of every last axis is. */
function places({ shape, data }: HostTensor): number[] {
  const width = shape.length === 1 ? 1 : shape.at(-1)!;
  return Array.from({ length: data.length / width }, (_, row) => {
    const start = row * width;
    let best = 0;
    for (let k = 1; k < width; k++) if (data[start + k]! > data[start + best]!) best = k;
    return best;
  });
}

function otherOutput(
  path: string,
  name: string,
  wanted: HostTensor,
  got: HostTensor | undefined,
): MaNetError {
  const found = got === undefined ? 'none of that name' : `[${got.shape.join(', ')}]`;
  return new MaNetError(
    'backend-failed',
    `The output "${name}" is ${found}, expected [${wanted.shape.join(', ')}].`,
    {
      where: path,
      hint: 'do not use this file; please report the run that it came from.',
    },
  );
}
