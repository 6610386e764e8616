// Boxes without anchors (Tian et al. 2019). Suffixes: B batch, P points of all levels, K classes.

import { type HostBatch, MaNetError, type Network, readParams, type Task } from '@ma-net/core';
import type { CocoBatch } from '@ma-net/data-coco';
import {
  cocoMeter,
  type Detections,
  FCOS_RANGES,
  fcosDetections,
  type FcosDetectionOptions,
  type FcosLevelSize,
  fcosLosses,
  fcosTargets,
  type ImageSize,
  originalBoxes,
  shownDetections,
} from '@ma-net/detection';
import * as tf from '@tensorflow/tfjs-core';

export interface FcosTaskOptions extends Omit<FcosDetectionOptions, 'centernessFirst'> {
  /** The largest distance to a side, in pixels, that each level but the last is asked for; AdelaiDet's unless given. */
  readonly ranges?: readonly number[];
}

/** A level of the network's pyramid. */
interface Level {
  readonly name: string;
  readonly stride: number;
}

/**
 * Trains focal loss of classes, generalised overlap of boxes and centerness, as AdelaiDet does, and compares runs by the
 * `AP` of boxes. Terms beside the loss: `cls`, `loc` and `ctr`, its parts. Throws `shape-mismatch` for a network that does
 * not give `<level>.cls`, `<level>.ltrb` and `<level>.ctr`.
 */
export function fcosTask(
  network: Network,
  { ranges = FCOS_RANGES, ...detected }: FcosTaskOptions = {},
): Task<CocoBatch, Detections> {
  const levels = levelsOf(network);
  const sizesOf = ([height, width]: ImageSize): readonly FcosLevelSize[] =>
    levels.map(({ stride }) => ({
      height: Math.ceil(height / stride),
      width: Math.ceil(width / stride),
      stride,
    }));
  const joined = (outputs: Readonly<Record<string, tf.Tensor>>, what: string): tf.Tensor =>
    tf.concat(
      levels.map(({ name }) => {
        const map = outputs[`${name}.${what}`]!;
        return tf.reshape(map, [map.shape[0]!, -1, map.shape.at(-1)!]);
      }),
      1,
    );

  return {
    name: 'fcos',
    network,
    headline: { measure: 'AP', better: 'larger' },
    inputs: ({ images_BHWC }) => ({ images: images_BHWC }),

    assign: {
      outputs: [],
      async decide(_, { images_BHWC, boxes_BN4, labels_BN }) {
        const [, height, width] = images_BHWC.shape;
        const { boxes, labels } = await readParams({ boxes: boxes_BN4, labels: labels_BN });
        return targetsOf(sizesOf([height, width]), { boxes: boxes!, labels: labels! }, ranges);
      },
    },

    loss: (outputs, batch, { ranks }) =>
      tf.tidy(() => {
        const { classes_BP, distances_BP4 } = batch as unknown as Readonly<Record<string, tf.Tensor>>;
        const { cls, loc, ctr } = fcosLosses(
          {
            cls_BPK: joined(outputs, 'cls'),
            ltrb_BP4: joined(outputs, 'ltrb'),
            ctr_BP1: joined(outputs, 'ctr'),
          },
          { labels_BP: classes_BP!, distances_BP4: distances_BP4! },
          ranks,
        );
        return { loss: tf.addN([cls, loc, ctr]) as tf.Scalar, cls, loc, ctr };
      }),

    decode: (outputs, targets) => detectionsOf(levels, outputs, targets, detected),
    meter: () => cocoMeter({ kinds: ['bbox'] }),
    show: shownDetections,
  };
}

/** `classes_BP` (int32; below 0 is background) and `distances_BP4` (float32, in strides) of a batch. */
function targetsOf(
  levels: readonly FcosLevelSize[],
  { boxes, labels }: { readonly boxes: HostBatch[string]; readonly labels: HostBatch[string] },
  ranges: readonly number[],
): HostBatch {
  const [count, room] = labels.shape as [number, number];
  const points = levels.reduce((sum, { height, width }) => sum + height * width, 0);
  const [classes, distances] = [new Int32Array(count * points), new Float32Array(4 * count * points)];
  for (let b = 0; b < count; b++) {
    const own = labels.data.subarray(b * room, (b + 1) * room);
    const targets = fcosTargets(
      levels,
      { boxes: boxes.data.subarray(4 * b * room, 4 * (b + 1) * room), labels: own },
      { ranges },
    );
    classes.set(
      targets.objects.map((n) => (n < 0 ? n : own[n]!)),
      b * points,
    );
    distances.set(targets.distances, 4 * b * points);
  }
  return {
    classes_BP: { shape: [count, points], dtype: 'int32', data: classes },
    distances_BP4: { shape: [count, points, 4], dtype: 'float32', data: distances },
  };
}

/** What fills up a batch has no detections. */
function detectionsOf(
  levels: readonly Level[],
  outputs: HostBatch,
  targets: HostBatch,
  options: Omit<FcosDetectionOptions, 'centernessFirst'>,
): readonly Detections[] {
  return Array.from(targets['indices_B']!.data, (index, b) => {
    const sizeOf = (name: string): ImageSize => {
      const { data } = targets[name]!;
      return [data[2 * b]!, data[2 * b + 1]!];
    };
    const said = levels.map(({ name, stride }) => {
      const of = (what: string): ArrayLike<number> => {
        const { data, shape } = outputs[`${name}.${what}`]!;
        const size = data.length / shape[0]!;
        return data.subarray(b * size, (b + 1) * size);
      };
      const [, height, width] = outputs[`${name}.cls`]!.shape as [number, number, number];
      return { height, width, stride, cls: of('cls'), ltrb: of('ltrb'), ctr: of('ctr') };
    });
    const limit = index < 0 ? 0 : (options.limit ?? 100);
    const { boxes, scores, classes } = fcosDetections(said, { ...options, limit, centernessFirst: false });
    return {
      boxes: originalBoxes(boxes, sizeOf('sizes_B2'), sizeOf('originals_B2')),
      scores,
      labels: classes,
    };
  });
}

function levelsOf({ name, outputs }: Network): readonly Level[] {
  const levels = outputs.flatMap((output) =>
    output.name.endsWith('.cls')
      ? [{ name: output.name.slice(0, -'.cls'.length), stride: output.stride }]
      : [],
  );
  const names = new Set(outputs.map((output) => output.name));
  const complete = levels.every((level) => names.has(`${level.name}.ltrb`) && names.has(`${level.name}.ctr`));
  if (levels.length > 0 && complete) return levels;
  throw new MaNetError(
    'shape-mismatch',
    `FCOS needs <level>.cls, <level>.ltrb and <level>.ctr of every level; "${name}" gives ${[...names].join(', ')}.`,
    {
      where: 'the task "fcos"',
      hint: 'use the network @ma-net/task-fcos#fcosNetwork, or the task it was made for.',
    },
  );
}
