// Which points of FCOS learn a mask (Tian, Shen and Chen 2020, section 3.4; Tian et al. 2021). Suffixes: B images, P
// points of all levels, N room for objects, I room for instances.

import type { HostBatch, HostTensor, Rng } from '@ma-net/core';
import { gridPoints } from './anchors.ts';
import { fcosTargets, type FcosLevelSize, type FcosTargetOptions } from './fcos-targets.ts';
import { bySize } from './nms.ts';

/** Objects of a batch, padded. */
export interface ObjectsOfBatch {
  /** [B, N, 4], x0, y0, x1, y1 in pixels. */
  readonly boxes_BN4: HostTensor;
  /** [B, N]; below 0 is padding. */
  readonly labels_BN: HostTensor;
  /** [B, N, 2], x, y: middles of masks, where there are masks. */
  readonly centres_BN2?: HostTensor;
}

/** A point that stands for an object. */
export interface Positive {
  readonly image: number;
  /** Among the points of the image. */
  readonly point: number;
  /** Among the objects of the image. */
  readonly object: number;
}

export interface InstanceTargetOptions extends FcosTargetOptions {
  /** Room for instances: shapes are the same whatever is in the images. */
  readonly room: number;
  /** Of all points that stand for objects, the indices of those that learn a mask; no more than there is room for. */
  choose(positives: readonly Positive[]): ArrayLike<number>;
}

/**
 * What FCOS and the masks are to learn of a batch, static in shape: `classes_BP` (int32; -1 is background) and
 * `distances_BP4` of all points; and of the chosen instances `points_I` and `objects_I` (int32, among the B P points and
 * the B N objects), `images_I`, `levels_I` (int32), `locations_I2` (x, y), and `real_I`, 0 where room is left over.
 */
export function instanceTargets(
  { boxes_BN4, labels_BN, centres_BN2 }: ObjectsOfBatch,
  levels: readonly FcosLevelSize[],
  { room, choose, ...options }: InstanceTargetOptions,
): HostBatch {
  const [images, objects] = labels_BN.shape as [number, number];
  const grids = levels.map((level) => gridPoints(level));
  const points = Float32Array.from(grids.flatMap((grid) => [...grid]));
  const levelOf = Int32Array.from(grids.flatMap((grid, l) => Array<number>(grid.length / 2).fill(l)));
  const count = levelOf.length;
  const classes = new Int32Array(images * count).fill(-1);
  const distances = new Float32Array(images * count * 4);
  const positives: Positive[] = [];
  for (let b = 0; b < images; b++) {
    const of = ({ data }: HostTensor, each: number): ArrayLike<number> =>
      data.subarray(b * objects * each, (b + 1) * objects * each);
    const labels = of(labels_BN, 1);
    const found = fcosTargets(
      levels,
      {
        boxes: of(boxes_BN4, 4),
        labels,
        ...(centres_BN2 === undefined ? {} : { centres: of(centres_BN2, 2) }),
      },
      options,
    );
    distances.set(found.distances, 4 * b * count);
    found.objects.forEach((object, point) => {
      if (object < 0) return;
      classes[b * count + point] = labels[object]!;
      positives.push({ image: b, point, object });
    });
  }

  const chosen = Array.from(choose(positives), (i) => positives[i]!).slice(0, room);
  const whole = (of: (positive: Positive) => number): HostTensor => {
    const data = new Int32Array(room);
    chosen.forEach((positive, i) => (data[i] = of(positive)));
    return { shape: [room], dtype: 'int32', data };
  };
  const locations = new Float32Array(2 * room);
  chosen.forEach(({ point }, i) => locations.set(points.subarray(2 * point, 2 * point + 2), 2 * i));
  const real = new Float32Array(room).fill(1, 0, chosen.length);
  return {
    classes_BP: { shape: [images, count], dtype: 'int32', data: classes },
    distances_BP4: { shape: [images, count, 4], dtype: 'float32', data: distances },
    points_I: whole(({ image, point }) => image * count + point),
    objects_I: whole(({ image, object }) => image * objects + object),
    images_I: whole(({ image }) => image),
    levels_I: whole(({ point }) => levelOf[point]!),
    locations_I2: { shape: [room, 2], dtype: 'float32', data: locations },
    real_I: { shape: [room], dtype: 'float32', data: real },
  };
}

/** Indices of `room` of `count`, drawn; all of them where there is room. Ascending. */
export function someOf(count: number, room: number, rng: Rng): Uint32Array {
  return rng.permutation(count).slice(0, room).sort();
}

/**
 * Of points of an image that stand for `objects` (one each), those with the largest `scores`: `most` in all, shared
 * evenly among the objects, at least one each. Ascending.
 */
export function bestOfEach(
  objects: ArrayLike<number>,
  scores: ArrayLike<number>,
  most: number,
): Int32Array<ArrayBuffer> {
  const each = Math.max(1, Math.floor(most / new Set(Array.from(objects)).size));
  const taken = new Map<number, number>();
  return bySize(scores)
    .filter((i) => {
      const before = taken.get(objects[i]!) ?? 0;
      taken.set(objects[i]!, before + 1);
      return before < each;
    })
    .sort();
}
