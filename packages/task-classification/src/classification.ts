// Image classification: one label per image. Suffixes: B batch, H height, W width, C channels, K classes.

import { crossEntropy, type HostTensor, MaNetError, type Network, type Task } from '@ma-net/core';
import type { ImageBatch } from '@ma-net/data';
import { classificationMeter } from '@ma-net/metrics';
import * as tf from '@tensorflow/tfjs-core';
import { likeliest } from './top-classes.ts';

/** Images and labels of one mini-batch. */
export type ClassificationBatch = ImageBatch;

/** What the network says of one image. */
export interface ClassPrediction {
  /** The class it gives the image: the first of those with the largest logit. */
  readonly label: number;
  /** [K]. */
  readonly logits: Float32Array;
  /** Of a network with exits: the logits of each, [K], the first one first. */
  readonly exits?: readonly Float32Array[];
}

export interface ClassificationOptions {
  /** Share of the target spread evenly over all classes while training; 0 unless given. */
  readonly labelSmoothing?: number;
  /** Also measure how often the label is among the first `topK`, where there are more classes; 5 unless given. */
  readonly topK?: number;
}

/**
 * Trains a network by cross-entropy and compares runs by `top1`. Evaluation gives fractions `top1` and
 * `top<k>` and the mean cross-entropy `loss`, without label smoothing so that recipes can be compared; of a network with
 * outputs `exit1`, `exit2`, ... also `exit1-top1` and so on, whenever its answer is taken there.
 */
export function classification(
  network: Network,
  { labelSmoothing = 0, topK = 5 }: ClassificationOptions = {},
): Task<ClassificationBatch, ClassPrediction> {
  checkOptions(labelSmoothing, topK);
  const classes = classesOf(network);
  const measured = topK > 1 && topK < classes ? [1, topK] : [1];
  const exits = exitsOf(network);

  return {
    name: 'classification',
    network,
    headline: { measure: 'top1', better: 'larger', proportion: true },
    inputs: ({ images_BHWC }) => ({ images: images_BHWC }),

    loss: ({ logits }, { labels_B, targets_BK }) => {
      const logits_BK = logits as tf.Tensor2D;
      return tf.tidy(() => {
        const hits_B = tf.equal(tf.argMax(logits_BK, -1), labels_B);
        return {
          loss: crossEntropy(logits_BK, targets_BK ?? labels_B, labelSmoothing),
          top1: tf.mean(tf.cast(hits_B, 'float32')) as tf.Scalar,
        };
      });
    },

    decode(outputs) {
      const early = exits.map((name) => rowsOf(outputs[name]!));
      return rowsOf(outputs['logits']!).map((row, b) => ({
        label: largest(row),
        logits: row,
        ...(exits.length === 0 ? {} : { exits: early.map((rows) => rows[b]!) }),
      }));
    },

    show: ({ logits, exits: early }) => ({
      classes: likeliest(logits),
      ...(early === undefined ? {} : { exits: early.map((row) => likeliest(row)[0]!) }),
    }),

    meter() {
      const meter = classificationMeter(classes, measured);
      const early = exits.map(() => classificationMeter(classes));
      return {
        add(predictions, { labels_B }) {
          meter.add(joined(predictions.map(({ logits }) => logits)), labels_B!.data);
          for (const [e, one] of early.entries())
            one.add(joined(predictions.map((prediction) => prediction.exits![e]!)), labels_B!.data);
        },
        result: () => ({
          ...meter.result(),
          ...Object.fromEntries(early.map((one, e) => [`${exits[e]!}-top1`, one.result()['top1']!])),
        }),
      };
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

/** Outputs that are logits of the same classes, taken earlier: `exit1`, `exit2`, ... */
function exitsOf({ outputs }: Network): readonly string[] {
  const names = outputs.flatMap(({ name }) => (/^exit\d+$/.test(name) ? [name] : []));
  return names.toSorted((a, b) => Number(a.slice(4)) - Number(b.slice(4)));
}

/** Rows one after the other. */
function joined(rows: readonly Float32Array[]): Float32Array {
  const width = rows[0]?.length ?? 0;
  const all = new Float32Array(rows.length * width);
  rows.forEach((row, b) => all.set(row, b * width));
  return all;
}

/** The rows of a matrix [B, K]. */
function rowsOf({ data, shape }: HostTensor): Float32Array[] {
  const width = shape[1]!;
  return Array.from({ length: shape[0]! }, (_, b) =>
    Float32Array.from(data.subarray(b * width, (b + 1) * width)),
  );
}

function largest(row: Float32Array): number {
  let best = 0;
  for (let k = 1; k < row.length; k++) if (row[k]! > row[best]!) best = k;
  return best;
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
