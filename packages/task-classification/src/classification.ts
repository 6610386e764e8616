// Image classification: one label per image. Suffixes: B batch, H height, W width, C channels, K classes.

import { crossEntropy, MaNetError, type Network, type Task } from '@ma-net/core';
import type { ImageBatch } from '@ma-net/data';
import { classificationMeter } from '@ma-net/metrics';
import * as tf from '@tensorflow/tfjs-core';

/** Images and labels of one mini-batch. */
export type ClassificationBatch = ImageBatch;

export interface ClassificationOptions {
  /** Share of the target spread evenly over all classes while training; 0 unless given. */
  readonly labelSmoothing?: number;
  /** Also measure how often the label is among the first `topK`, where there are more classes; 5 unless given. */
  readonly topK?: number;
}

/**
 * Trains a network by cross-entropy and compares runs by `top1`. Evaluation gives fractions `top1` and
 * `top<k>` and the mean cross-entropy `loss`, without label smoothing so that recipes can be compared.
 */
export function classification(
  network: Network,
  { labelSmoothing = 0, topK = 5 }: ClassificationOptions = {},
): Task<ClassificationBatch> {
  checkOptions(labelSmoothing, topK);
  const classes = classesOf(network);
  const measured = topK > 1 && topK < classes ? [1, topK] : [1];
  const logitsOf = (outputs: Readonly<Record<string, tf.Tensor>>): tf.Tensor2D =>
    outputs['logits'] as tf.Tensor2D;

  return {
    name: 'classification',
    network,
    headline: 'top1',

    loss: (params, stats, { images_BHWC, labels_B }, ctx) =>
      tf.tidy(() => {
        const { outputs, stats: nextStats } = network.forward(params, stats, { images: images_BHWC }, ctx);
        const logits = logitsOf(outputs);
        const hits_B = tf.equal(tf.argMax(logits, -1), labels_B);
        return {
          loss: crossEntropy(logits, labels_B, labelSmoothing),
          terms: { top1: tf.mean(tf.cast(hits_B, 'float32')) as tf.Scalar },
          stats: nextStats,
        };
      }),

    async evaluate(params, stats, batches) {
      const meter = classificationMeter(classes, measured);
      for (const { images_BHWC, labels_B } of batches) {
        const owned: tf.Tensor[] = [images_BHWC, labels_B];
        try {
          const logits_BK = tf.tidy(() =>
            logitsOf(network.forward(params, stats, { images: images_BHWC }, { training: false }).outputs),
          );
          owned.push(logits_BK);
          const [logits, labels] = await Promise.all([logits_BK.data(), labels_B.data()]);
          meter.add(logits, labels);
        } finally {
          tf.dispose(owned);
        }
      }
      return meter.result();
    },
  };
}

/** K, the number of classes. Throws `shape-mismatch` unless the network takes images and gives logits [B, K]. */
export function classesOf({ name, inputs, outputs }: Network): number {
  const logits = outputs.find((output) => output.name === 'logits');
  const takes = inputs.map((input) => input.name).join(', ');
  if (logits?.shape.length === 1 && takes === 'images') return logits.shape[0]!;
  const gives = outputs.map((output) => `"${output.name}" [${output.shape.join(', ')}]`).join(', ');
  throw new MaNetError(
    'shape-mismatch',
    `Classification needs a network from "images" to "logits" [classes]; "${name}" goes from ${takes} to ${gives}.`,
    {
      where: 'classification',
      hint: 'pool or flatten what the network computes, and return { logits: net.dense(...) }.',
    },
  );
}

function checkOptions(labelSmoothing: number, topK: number): void {
  if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
    throw new MaNetError(
      'bad-argument',
      `labelSmoothing is ${labelSmoothing}; expected 0 up to but not including 1.`,
      { where: 'classification', hint: '0.1 is usual; leave it out to do without.' },
    );
  }
  if (!Number.isInteger(topK) || topK < 1) {
    throw new MaNetError('bad-argument', `topK is ${topK}; expected a whole number of at least 1.`, {
      where: 'classification',
      hint: 'leave it out for 5, or give 1 to measure top-1 only.',
    });
  }
}
