// Between the two looks of the network: from what it says of anchors to boxes that are worth a second look. Suffixes: N
// anchors of all levels, A of a pixel.

import type { HostBatch, HostTensor } from '@ma-net/core';
import {
  baseAnchors,
  bySize,
  clipBoxes,
  decodeDeltas,
  gridAnchors,
  type ImageSize,
  nms,
} from '@ma-net/detection';
import { RCNN_LEVELS, type RcnnLevel, type RcnnNetwork } from './network.ts';
import type { RcnnRules } from './rules.ts';

/** Anchors of a level [n, 4], row by row. */
export type LevelAnchors = Readonly<Record<RcnnLevel, Float32Array<ArrayBuffer>>>;

/** Makes the anchors for maps as large as the outputs of images of `size` are; those of the same sizes once. */
export function anchorsFor(
  network: Pick<RcnnNetwork, 'outputs'>,
  { rpn }: RcnnRules,
): (outputs: HostBatch, size: ImageSize) => LevelAnchors {
  const strides = new Map(network.outputs.map(({ name, stride }) => [name as string, stride]));
  const known = new Map<string, LevelAnchors>();
  return (outputs, image) => {
    const sizes = RCNN_LEVELS.map((level) => outputs[`${level}.objectness`]!.shape.slice(1, 3));
    const key = [image, ...sizes].join(' ');
    const made =
      known.get(key) ??
      (Object.fromEntries(
        RCNN_LEVELS.map((level, l) => {
          const stride = strides.get(`${level}.objectness`)!;
          const [height, width] = sizes[l] as [number, number];
          const { ratios, roundedAnchors: rounded } = rpn;
          const base = baseAnchors({ sizes: [rpn.scale * stride], ratios, rounded });
          const pixels = [Math.floor(image[0] / height), Math.floor(image[1] / width)] as const;
          const apart = rpn.apart === 'stride' ? stride : pixels;
          return [level, gridAnchors(base, { height, width, stride: apart })];
        }),
      ) as LevelAnchors);
    known.set(key, made);
    return made;
  };
}

/** Anchors [N, 4] of all levels, the finest first. */
export function allAnchors(anchors: LevelAnchors): Float32Array<ArrayBuffer> {
  const levels = RCNN_LEVELS.map((level) => anchors[level]);
  const all = new Float32Array(levels.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const level of levels) {
    all.set(level, at);
    at += level.length;
  }
  return all;
}

export interface Proposals {
  /** [R, 4] in pixels of the batch, the surest first. */
  readonly boxes: Float32Array<ArrayBuffer>;
  /** [R]: logits. */
  readonly objectness: Float32Array<ArrayBuffer>;
}

/** What image `b` of a batch, `size` of which is no padding, may hold. */
export function proposalsOf(
  outputs: HostBatch,
  b: number,
  size: ImageSize,
  anchors: LevelAnchors,
  { rpn, clamp }: RcnnRules,
  training: boolean,
): Proposals {
  const which = training ? 0 : 1;
  const found = RCNN_LEVELS.map((level) => {
    const scores = ofImage(outputs[`${level}.objectness`]!, b);
    const deltas = ofImage(outputs[`${level}.deltas`]!, b);
    const best = bySize(scores, rpn.perLevel[which]);
    const rows = (of: ArrayLike<number>): Float32Array<ArrayBuffer> =>
      Float32Array.from({ length: 4 * best.length }, (_, k) => of[4 * best[k >> 2]! + (k & 3)]!);
    const boxes = decodeDeltas(rows(anchors[level]), rows(deltas), { stds: [1, 1, 1, 1], clamp });
    return { boxes: clipBoxes(boxes, ...size), scores: Array.from(best, (i) => scores[i]!) };
  });
  const boxes = Float32Array.from(found.flatMap((level) => [...level.boxes]));
  const scores = found.flatMap((level) => level.scores);
  const levels = found.flatMap((level, l) => level.scores.map(() => l));
  const large = scores.flatMap((_, i) => (isLarge(boxes, i, rpn.smallest) ? [i] : []));
  const kept = nms(
    large.flatMap((i) => [...boxes.subarray(4 * i, 4 * i + 4)]),
    large.map((i) => scores[i]!),
    { threshold: rpn.overlap, classes: large.map((i) => levels[i]!), limit: rpn.proposals[which] },
  );
  const chosen = Array.from(kept, (k) => large[k]!);
  return {
    boxes: Float32Array.from(chosen.flatMap((i) => [...boxes.subarray(4 * i, 4 * i + 4)])),
    objectness: Float32Array.from(chosen, (i) => scores[i]!),
  };
}

/** Whether box `i` has an area, and both of its sides are of `least` pixels. */
export function isLarge(boxes: ArrayLike<number>, i: number, least: number): boolean {
  const [width, height] = [0, 1].map((axis) => boxes[4 * i + 2 + axis]! - boxes[4 * i + axis]!) as [
    number,
    number,
  ];
  return width > 0 && height > 0 && width >= least && height >= least;
}

/** What a tensor [B, ...] holds of image `b`. */
export function ofImage({ data, shape }: HostTensor, b: number): HostTensor['data'] {
  const size = data.length / shape[0]!;
  return data.subarray(b * size, (b + 1) * size);
}
