// What a network says about the test images, and how long it takes to say it.
//
// Suffixes: B batch, H height, W width, C channels, K classes.

import { type Network, type Params, sync } from '@ma-net/core';
import type { TrainedNetwork } from '@ma-net/export/node';
import * as tf from '@tensorflow/tfjs-core';
import type { OpenRun } from './open.ts';

/** The most likely class of every test image, in order. */
export async function predictions(
  { network, params, stats }: TrainedNetwork,
  open: Pick<OpenRun, 'evaluationBatches' | 'data'>,
): Promise<Int32Array> {
  const classes: number[] = [];
  for (const { images_BHWC, labels_B } of open.evaluationBatches()) {
    const best_B = tf.tidy(() => tf.argMax(logitsOf(network, params, stats, images_BHWC), -1));
    classes.push(...(await best_B.data()));
    tf.dispose([images_BHWC, labels_B, best_B]);
  }
  // The last batch is filled up.
  return Int32Array.from(classes.slice(0, open.data.test.labels.length));
}

/** Part of the test images that got their label. */
export function accuracy(classes: Int32Array, { data }: Pick<OpenRun, 'data'>): number {
  const { labels } = data.test;
  return classes.reduce((hits, c, i) => hits + Number(c === labels[i]), 0) / labels.length;
}

/** Wall-clock seconds per image of a forward pass over one evaluation batch: the median of `times`. */
export async function secondsPerImage(
  { network, params, stats }: TrainedNetwork,
  open: Pick<OpenRun, 'evaluationBatches'>,
  times = 7,
): Promise<number> {
  const [batch] = open.evaluationBatches();
  const { images_BHWC, labels_B } = batch!;
  const seconds: number[] = [];
  // One more, and not counted: a backend may compile.
  for (let i = 0; i <= times; i++) {
    const started = performance.now();
    const logits_BK = tf.tidy(() => logitsOf(network, params, stats, images_BHWC));
    await logits_BK.data();
    await sync();
    if (i > 0) seconds.push((performance.now() - started) / 1000);
    logits_BK.dispose();
  }
  tf.dispose([images_BHWC, labels_B]);
  return seconds.toSorted((a, b) => a - b)[Math.floor(times / 2)]! / images_BHWC.shape[0];
}

function logitsOf(network: Network, params: Params, stats: Params, images: tf.Tensor): tf.Tensor {
  return network.forward(params, stats, { images }, { training: false }).outputs['logits']!;
}
