// Instance segmentation learned from boxes alone (Tian et al. 2021). Suffixes: B batch, H height, W width, N room for
// objects, P points of all levels, I instances, h and w in cells of 4 pixels.

import {
  type HostBatch,
  type HostTensor,
  type InputFacts,
  type Network,
  readParams,
  type Task,
} from '@ma-net/core';
import type { CocoBatch } from '@ma-net/data-coco';
import {
  bestOfEach,
  boxCells,
  cellColours,
  cocoMeter,
  colourSimilarity,
  CONDINST_LEVELS,
  condInstBoxLosses,
  condInstDetections,
  condInstLevels,
  condInstMasks,
  type Detections,
  FCOS_RANGES,
  instanceTargets,
  labOf,
  meanOfReal,
  pairwiseLoss,
  type Positive,
  projectionLoss,
  shownDetections,
  validCells,
} from '@ma-net/detection';
import * as tf from '@tensorflow/tfjs-core';

export interface BoxInstTaskOptions {
  /** Points of an image that learn a mask, shared evenly among its objects; 64 unless given. */
  readonly instances?: number;
  /** Colours at least so similar belong together; 0.3 unless given. */
  readonly similarity?: number;
  /** Mini-batches over which the loss of pairs grows to its full weight; 10000 unless given. */
  readonly warmup?: number;
  /** Rows at the bottom of an original image whose colours do not count, for COCO's are often mislabelled; 10 unless given. */
  readonly bottom?: number;
  /** In which order the network sees the channels, as the data have it; RGB unless given. */
  readonly channels?: 'RGB' | 'BGR';
  /** Scores up to this are no detections; 0.05 unless given. */
  readonly threshold?: number;
  /** Overlap from which on the less sure of two detections of a class goes; 0.6 unless given. */
  readonly overlap?: number;
  /** Detections of an image; 100 unless given. */
  readonly limit?: number;
}

type Tensors = Readonly<Record<string, tf.Tensor>>;

/**
 * Trains boxes as FCOS does, and masks so that their shadows are those of the boxes (`projection`) and that pixels of
 * one colour stay together (`pairwise`); compares runs by `maskAP`. `input` says how pixels became what the network
 * sees. Masks in a batch are not looked at.
 */
export function boxInstTask(
  network: Network,
  input: InputFacts,
  options: BoxInstTaskOptions = {},
): Task<CocoBatch, Detections> {
  const {
    instances = 64,
    similarity = 0.3,
    warmup = 10_000,
    bottom = 10,
    channels = 'RGB',
    ...detected
  } = options;
  return {
    name: 'boxinst',
    network,
    headline: { measure: 'maskAP', better: 'larger' },
    inputs: ({ images_BHWC }) => ({ images: images_BHWC }),

    assign: {
      outputs: CONDINST_LEVELS.flatMap((level) => [`${level}.cls`, `${level}.ctr`]),
      async decide(outputs, { images_BHWC, boxes_BN4, labels_BN, sizes_B2, originals_B2 }) {
        const [images, height, width] = images_BHWC.shape;
        const read = await readParams({ boxes_BN4, labels_BN, sizes_B2, originals_B2 });
        const objects = { boxes_BN4: read['boxes_BN4']!, labels_BN: read['labels_BN']! };
        const centres_BN2 = centresOfBoxes(objects.boxes_BN4, [height, width]);
        const scores = scoresOf(outputs, images);
        const room = images * Math.max(instances, labels_BN.shape[1]);
        const targets = instanceTargets({ ...objects, centres_BN2 }, condInstLevels([height, width]), {
          ranges: FCOS_RANGES,
          room,
          choose: (positives) => bestOfImages(positives, scores, instances),
        });
        return { ...targets, lowest_B: lowestRows(read['sizes_B2']!, read['originals_B2']!, bottom) };
      },
    },

    loss: (outputs, batch, { ranks }) =>
      tf.tidy(() => {
        const targets = batch as unknown as Tensors;
        const boxes = condInstBoxLosses(outputs, targets, ranks);
        const logits_Ihw = condInstMasks(outputs, targets);
        const cells = logits_Ihw.shape.slice(1) as [number, number];
        const own_I4 = tf.gather(tf.reshape(batch.boxes_BN4, [-1, 4]), targets['objects_I'] as tf.Tensor1D);
        const real_I11 = tf.reshape(targets['real_I']!, [-1, 1, 1]);
        const inside_Ihw = tf.mul(boxCells(own_I4 as tf.Tensor2D, cells), real_I11) as tf.Tensor3D;
        const valid = validCells(batch.sizes_B2, targets['lowest_B']!, cells);
        const alike = colourSimilarity(
          labOf(cellColours(pixelsOf(batch, input, channels))) as tf.Tensor4D,
          valid,
        );
        const alike_Ihw8 = tf.gather(alike, targets['images_I'] as tf.Tensor1D) as tf.Tensor4D;
        const projection = meanOfReal(projectionLoss(logits_Ihw, inside_Ihw), targets['real_I']!, ranks);
        const done = tf.squeeze(tf.slice(outputs['iterations']!, [0, 0], [1, 1])) as tf.Scalar;
        const pairwise = pairwiseLoss(logits_Ihw, alike_Ihw8, inside_Ihw, {
          threshold: similarity,
          warmup: { over: warmup, done },
          ranks,
        });
        const loss = tf.addN([boxes.cls, boxes.loc, boxes.ctr, projection, pairwise]) as tf.Scalar;
        return { ...boxes, projection, pairwise, loss };
      }),

    decode: (outputs, targets) => condInstDetections(outputs, targets, detected),
    meter: () => cocoMeter({ kinds: ['bbox', 'segm'] }),
    show: shownDetections,
  };
}

/** Red, green and blue from 0 to 255 of what the network sees; padding is black. */
function pixelsOf(
  { images_BHWC, sizes_B2 }: CocoBatch,
  { mean, std, white }: InputFacts,
  channels: 'RGB' | 'BGR',
): tf.Tensor4D {
  const seen = tf.mul(tf.add(tf.mul(images_BHWC, [...std]), [...mean]), white);
  const [, height, width] = images_BHWC.shape;
  const [rows_B1, columns_B1] = tf.split(sizes_B2, 2, 1) as [tf.Tensor, tf.Tensor];
  const down = tf.cast(tf.less(tf.range(0, height, 1, 'int32'), rows_B1), 'float32');
  const along = tf.cast(tf.less(tf.range(0, width, 1, 'int32'), columns_B1), 'float32');
  const inside = tf.mul(tf.expandDims(down, 2), tf.expandDims(along, 1));
  // Pixels are whole numbers: what the way there and back left over goes.
  const pixels = tf.mul(tf.round(seen), tf.expandDims(inside, 3));
  return (channels === 'RGB' ? pixels : tf.reverse(pixels, 3)) as tf.Tensor4D;
}

/** The mean pixel of each box as a mask, which ends in the image: [B, N, 2]. */
function centresOfBoxes({ data, shape }: HostTensor, [height, width]: readonly [number, number]): HostTensor {
  const [images, objects] = shape as [number, number];
  const middle = (from: number, to: number, length: number): number =>
    (Math.floor(from) + Math.min(Math.floor(to + 1), length) - 1) / 2;
  const centres = new Float32Array(images * objects * 2);
  for (let k = 0; k < images * objects; k++) {
    centres[2 * k] = middle(data[4 * k]!, data[4 * k + 2]!, width);
    centres[2 * k + 1] = middle(data[4 * k + 1]!, data[4 * k + 3]!, height);
  }
  return { shape: [images, objects, 2], dtype: 'float32', data: centres };
}

/** How sure the network is of each point of each image, whatever class it names. */
function scoresOf(outputs: HostBatch, images: number): readonly Float32Array[] {
  return Array.from({ length: images }, (_, b) => {
    const levels = CONDINST_LEVELS.map((level) => {
      const [cls, ctr] = [outputs[`${level}.cls`]!, outputs[`${level}.ctr`]!];
      const [points, classes] = [ctr.data.length / images, cls.shape[3]!];
      return Array.from({ length: points }, (__, p) => {
        const at = b * points + p;
        let best = -Infinity;
        for (let k = at * classes; k < (at + 1) * classes; k++) best = Math.max(best, cls.data[k]!);
        return sigmoid(best) * sigmoid(ctr.data[at]!);
      });
    });
    return Float32Array.from(levels.flat());
  });
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** Indices of the best points of every image. */
function bestOfImages(
  positives: readonly Positive[],
  scores: readonly Float32Array[],
  most: number,
): readonly number[] {
  return scores.flatMap((own, b) => {
    const here = [...positives.keys()].filter((i) => positives[i]!.image === b);
    const best = bestOfEach(
      here.map((i) => positives[i]!.object),
      here.map((i) => own[positives[i]!.point]!),
      most,
    );
    return Array.from(best, (k) => here[k]!);
  });
}

/** Rows of each resized image that are at the bottom of the original one. */
function lowestRows(sizes_B2: HostTensor, originals_B2: HostTensor, bottom: number): HostTensor {
  const images = sizes_B2.shape[0]!;
  const data = Int32Array.from({ length: images }, (_, b) =>
    Math.floor((bottom * sizes_B2.data[2 * b]!) / originals_B2.data[2 * b]!),
  );
  return { shape: [images], dtype: 'int32', data };
}
