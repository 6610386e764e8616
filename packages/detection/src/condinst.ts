// CondInst (Tian, Shen and Chen 2020) on a pyramid: FCOS, and at each of its points the filters of a mask, which are
// applied to mask features of the whole image. Names are AdelaiDet's. Suffixes: B batch, P points of all levels, I
// instances, h and w in steps of 4 pixels.

import { type HostBatch, type HostTensor, type Net, sharedCount, type StepRanks } from '@ma-net/core';
import { encodeMask } from '@ma-net/metrics';
import * as tf from '@tensorflow/tfjs-core';
import { type BodyOptions, pyramidBackbone } from './backbone.ts';
import { type Detections, type ImageSize, originalBoxes } from './detections.ts';
import { alignedBilinear, dynamicMasks, dynamicParameters } from './dynamic-masks.ts';
import { type FcosDetectionOptions, fcosDetections, type FcosHostLevel } from './fcos-detections.ts';
import { fcosHead } from './fcos-head.ts';
import { fcosLosses, type FcosLosses } from './fcos-loss.ts';
import type { FcosLevelSize } from './fcos-targets.ts';
import {
  type HostInstance,
  instanceLogits,
  maskAtSize,
  maskProbabilities,
  type MaskSizes,
} from './instance-masks.ts';
import { maskBranch } from './mask-branch.ts';

export interface CondInstHeadOptions {
  readonly classes: number;
  /** Channels of the mask features: 8 in CondInst, 16 in BoxInst. */
  readonly maskChannels: number;
  /** Channels between the features' convolutions; 128 unless given. */
  readonly maskWidth?: number;
  /** Channels of a group of the head's normalisations; 8 unless given. */
  readonly groupWidth?: number;
  /** Convolutions of each tower of the head; 4 unless given. */
  readonly convolutions?: number;
}

/** Levels that FCOS looks at, P3 to P7; the mask features are made of the first three. */
export const CONDINST_LEVELS: readonly string[] = ['p3', 'p4', 'p5', 'p6', 'p7'];
const MASK_LEVELS = 3;

/**
 * What is said of the pyramid P3 to P7, by name: `p3.cls`, `p3.ltrb`, `p3.ctr` as FCOS says them, `p3.filters`, all of
 * these for each level, and `mask_features`.
 */
export function condInstHead<V>(
  net: Net<V>,
  levels: readonly V[],
  { classes, maskChannels, maskWidth = 128, groupWidth = 8, convolutions = 4 }: CondInstHeadOptions,
): Readonly<Record<string, V>> {
  const name = 'proposal_generator.fcos_head';
  const heads = fcosHead(net, levels, { classes, groupWidth, convolutions, name });
  const said: Record<string, V> = {};
  for (const [l, { cls, ltrb, ctr, tower }] of heads.entries()) {
    const filters = net.conv('controller', tower, {
      out: dynamicParameters(maskChannels),
      kernel: 3,
      bias: true,
      init: { kind: 'normal', std: 0.01 },
      biasInit: { kind: 'constant', value: 0 },
    });
    for (const [what, value] of Object.entries({ cls, ltrb, ctr, filters }))
      said[`${CONDINST_LEVELS[l]!}.${what}`] = value;
  }
  const features = maskBranch(net, levels.slice(0, MASK_LEVELS), { maskChannels, width: maskWidth });
  return { ...said, mask_features: features };
}

export interface CondInstOptions extends CondInstHeadOptions {
  readonly body: BodyOptions;
  /** Channels of the pyramid; 256 unless given. */
  readonly width?: number;
}

/** The whole network, from images [B, H, W, 3] to what `condInstHead` says; sides are multiples of 32. */
export function condInst<V>(
  net: Net<V>,
  images: V,
  { body, width = 256, ...head }: CondInstOptions,
): Readonly<Record<string, V>> {
  const pyramid = { width, first: 3, beyond: 'convolutions' } as const;
  const levels = pyramidBackbone(net, images, { body, pyramid });
  return condInstHead(
    net,
    CONDINST_LEVELS.map((level) => levels[level]!),
    head,
  );
}

type Outputs = Readonly<Record<string, tf.Tensor>>;

/** The levels of an image of [height, width], multiples of 32: those beyond the pyramid's own are half, rounded up. */
export function condInstLevels([height, width]: ImageSize): readonly FcosLevelSize[] {
  let [rows, columns] = [height / 4, width / 4];
  return CONDINST_LEVELS.map((_, l) => {
    [rows, columns] = [Math.ceil(rows / 2), Math.ceil(columns / 2)];
    return { height: rows, width: columns, stride: 8 * 2 ** l };
  });
}

/** Of all levels, one after the other: [B, P, channels]. */
function joined(outputs: Outputs, what: string): tf.Tensor3D {
  const maps = CONDINST_LEVELS.map((level) => {
    const map = outputs[`${level}.${what}`]!;
    return tf.reshape(map, [map.shape[0]!, -1, map.shape.at(-1)!]);
  });
  return tf.concat(maps, 1) as tf.Tensor3D;
}

/** FCOS's part of the loss; `targets` as `instanceTargets` makes them. */
export function condInstBoxLosses(outputs: Outputs, targets: Outputs, ranks?: StepRanks): FcosLosses {
  return tf.tidy(
    () =>
      fcosLosses(
        {
          cls_BPK: joined(outputs, 'cls'),
          ltrb_BP4: joined(outputs, 'ltrb'),
          ctr_BP1: joined(outputs, 'ctr'),
        },
        { labels_BP: targets['classes_BP']!, distances_BP4: targets['distances_BP4']! },
        ranks,
      ) as unknown as tf.TensorContainerObject,
  ) as unknown as FcosLosses;
}

/** Logits of the masks [I, h, w] of the instances that `targets` names. */
export function condInstMasks(outputs: Outputs, targets: Outputs): tf.Tensor3D {
  return tf.tidy(() => {
    const filters_BPF = joined(outputs, 'filters');
    const filters = tf.reshape(filters_BPF, [-1, filters_BPF.shape[2]]);
    const logits = dynamicMasks(outputs['mask_features'] as tf.Tensor4D, {
      parameters_IP: tf.gather(filters, targets['points_I'] as tf.Tensor1D) as tf.Tensor2D,
      locations_I2: targets['locations_I2'] as tf.Tensor2D,
      levels_I: targets['levels_I'] as tf.Tensor1D,
      images_I: targets['images_I'] as tf.Tensor1D,
    });
    return alignedBilinear(logits, 2);
  });
}

/** The mean of numbers [I] over the instances that are real, of all ranks where several share them; 0 without any. */
export function meanOfReal(each_I: tf.Tensor, real_I: tf.Tensor, ranks?: StepRanks): tf.Scalar {
  return tf.tidy(
    () => tf.div(tf.sum(tf.mul(each_I, real_I)), sharedCount(tf.sum(real_I), 1, ranks)) as tf.Scalar,
  );
}

/**
 * Detections and their masks in every image of a batch, from outputs of the network; `targets` are the batch's
 * `sizes_B2`, `originals_B2` and `indices_B`. Boxes that are empty in the original image are left out, and nothing is
 * looked for in what fills up a batch.
 */
export function condInstDetections(
  outputs: HostBatch,
  targets: HostBatch,
  options: Omit<FcosDetectionOptions, 'centernessFirst'> = {},
): readonly Detections[] {
  const [, height, width] = outputs['mask_features']!.shape as [number, number, number];
  return Array.from(targets['indices_B']!.data, (index, b) => {
    const sizeOf = (name: string): ImageSize => {
      const { data } = targets[name]!;
      return [data[2 * b]!, data[2 * b + 1]!];
    };
    const sizes = { padded: [8 * height, 8 * width], original: sizeOf('originals_B2') } as const;
    const limit = index < 0 ? 0 : (options.limit ?? 100);
    return detectionsOf(outputs, b, { ...sizes, resized: sizeOf('sizes_B2') }, { ...options, limit });
  });
}

function detectionsOf(
  outputs: HostBatch,
  b: number,
  sizes: MaskSizes,
  options: Omit<FcosDetectionOptions, 'centernessFirst'>,
): Detections {
  const grids = condInstLevels(sizes.padded);
  const levels = CONDINST_LEVELS.map((level, l): FcosHostLevel => {
    const of = (what: string): ArrayLike<number> => ofImage(outputs[`${level}.${what}`]!, b);
    return { ...grids[l]!, cls: of('cls'), ltrb: of('ltrb'), ctr: of('ctr') };
  });
  const found = fcosDetections(levels, { ...options, centernessFirst: true });
  const boxes = originalBoxes(found.boxes, sizes.resized, sizes.original);
  const kept = [...found.scores.keys()].filter(
    (n) => boxes[4 * n + 2]! > boxes[4 * n]! && boxes[4 * n + 3]! > boxes[4 * n + 1]!,
  );
  return {
    boxes: Float32Array.from(kept.flatMap((n) => [...boxes.subarray(4 * n, 4 * n + 4)])),
    scores: Float32Array.from(kept, (n) => found.scores[n]!),
    labels: Int32Array.from(kept, (n) => found.classes[n]!),
    masks: kept.map((n) => {
      const point = [found.points[2 * n]!, found.points[2 * n + 1]!] as const;
      return encodeMask(maskOf(outputs, b, { level: found.levels[n]!, point }, sizes), ...sizes.original);
    }),
  };
}

/** The mask that was written at a point. */
function maskOf(
  outputs: HostBatch,
  b: number,
  { level, point }: Omit<HostInstance, 'parameters'>,
  sizes: MaskSizes,
): Uint8Array {
  const features = outputs['mask_features']!;
  const [, height, width, maskChannels] = features.shape as [number, number, number, number];
  const filters = outputs[`${CONDINST_LEVELS[level]!}.filters`]!;
  const [, , columns, count] = filters.shape as [number, number, number, number];
  const [x, y] = point.map((at) => Math.floor(at / (8 * 2 ** level))) as [number, number];
  const at = (y * columns + x) * count;
  const logits = instanceLogits(
    { data: ofImage(features, b), height, width, maskChannels },
    { level, point, parameters: ofImage(filters, b).subarray(at, at + count) },
  );
  return maskAtSize(maskProbabilities(logits, [height, width]), [2 * height, 2 * width], sizes);
}

function ofImage({ data, shape }: HostTensor, b: number): Float32Array | Int32Array {
  const size = data.length / shape[0]!;
  return data.subarray(b * size, (b + 1) * size);
}
