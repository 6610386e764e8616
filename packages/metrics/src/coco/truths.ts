// Ground truth inside a batch of tensors, so that whoever measures has all of it: crowds and areas included, at the size
// of the images themselves. Suffixes: B images of the batch, T objects of all of them, R run lengths of all masks.

import { type HostBatch, type HostTensor, MaNetError } from '@ma-net/core';
import type { CocoObject } from './evaluate.ts';
import type { BoxXywh } from './overlap.ts';
import type { Rle } from './rle.ts';

/** The objects of an image. */
export interface ImageTruths {
  /** Which image of the data set. */
  readonly index: number;
  /** [height, width]. */
  readonly size: readonly [number, number];
  readonly objects: readonly (Omit<CocoObject, 'image' | 'category'> & {
    /** Index of its class. */
    readonly label: number;
  })[];
}

/**
 * `truthImages_T` (int32: which image of the data set; -1 is none), `truthLabels_T` (int32), `truthBoxes_T4` (float32: x,
 * y, width, height in pixels of the image), `truthAreas_T` (float32), `truthCrowds_T` (int32: 0 or 1), `truthRuns_T`
 * (int32: how many run lengths its mask has, 0 for none) and `truthCounts_R` (int32: run lengths, mask after mask). Not
 * static in shape: for a host to read, not for a graph.
 */
export function packTruths(images: readonly ImageTruths[]): HostBatch {
  const all = images.flatMap(({ index, objects }) => objects.map((object) => ({ index, ...object })));
  // Tensors without numbers are nothing that every backend knows.
  const count = Math.max(1, all.length);
  const runs = all.map(({ mask }) => mask?.counts.length ?? 0);
  const counts = new Int32Array(
    Math.max(
      1,
      runs.reduce((sum, n) => sum + n, 0),
    ),
  );
  let at = 0;
  for (const { mask } of all) {
    if (mask === undefined) continue;
    counts.set(mask.counts, at);
    at += mask.counts.length;
  }
  const column = (of: (object: (typeof all)[number]) => number, none = 0): HostTensor => {
    const data = new Int32Array(count).fill(none);
    all.forEach((object, t) => (data[t] = of(object)));
    return { shape: [count], dtype: 'int32', data };
  };
  const [boxes, areas] = [new Float32Array(4 * count), new Float32Array(count)];
  all.forEach(({ box, area }, t) => {
    boxes.set(box, 4 * t);
    areas[t] = area;
  });
  return {
    truthImages_T: column(({ index }) => index, -1),
    truthLabels_T: column(({ label }) => label, -1),
    truthBoxes_T4: { shape: [count, 4], dtype: 'float32', data: boxes },
    truthAreas_T: { shape: [count], dtype: 'float32', data: areas },
    truthCrowds_T: column(({ crowd }) => Number(crowd)),
    truthRuns_T: column(({ mask }) => mask?.counts.length ?? 0),
    truthCounts_R: { shape: [counts.length], dtype: 'int32', data: counts },
  };
}

/**
 * What `packTruths` packed, as `evaluateCoco` takes it; masks get the size of their image from `indices_B` and
 * `originals_B2` [B, 2], height and width. Throws `bad-argument` for a batch without it.
 */
export function unpackTruths(batch: HostBatch): CocoObject[] {
  const read = (name: string): HostTensor['data'] => {
    const tensor = batch[name];
    if (tensor !== undefined) return tensor.data;
    throw new MaNetError('bad-argument', `The batch has no "${name}": there is nothing to compare with.`, {
      where: `a batch of ${Object.keys(batch).join(', ')}`,
      hint: 'measure on test or validation batches of a data set with annotations.',
    });
  };
  const [indices, originals] = [read('indices_B'), read('originals_B2')];
  const sizes = new Map(
    Array.from(indices, (index, b) => [index, [originals[2 * b]!, originals[2 * b + 1]!]]),
  );
  const [images, labels, boxes] = [read('truthImages_T'), read('truthLabels_T'), read('truthBoxes_T4')];
  const [areas, crowds] = [read('truthAreas_T'), read('truthCrowds_T')];
  const [runs, counts] = [read('truthRuns_T'), read('truthCounts_R')];
  const objects: CocoObject[] = [];
  let at = 0;
  for (let t = 0; t < images.length; t++) {
    const image = images[t]!;
    if (image < 0) continue;
    const own = Uint32Array.from(counts.subarray(at, at + runs[t]!));
    at += runs[t]!;
    objects.push({
      image,
      category: labels[t]!,
      box: Array.from(boxes.subarray(4 * t, 4 * t + 4)) as unknown as BoxXywh,
      area: areas[t]!,
      crowd: crowds[t] === 1,
      ...(own.length === 0
        ? {}
        : { mask: { size: sizes.get(image) as unknown as Rle['size'], counts: own } }),
    });
  }
  return objects;
}
