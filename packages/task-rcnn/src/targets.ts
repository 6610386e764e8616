// What the losses look at, and what it should say. Suffixes: B images, S sampled anchors, R sampled boxes.

import type { HostBatch, Rng } from '@ma-net/core';
import {
  BACKGROUND,
  type Boxes,
  encodeDeltas,
  matchBoxes,
  type Sampled,
  sampleMatches,
} from '@ma-net/detection';
import type { RcnnRules } from './rules.ts';

/** The objects of an image: boxes [N, 4] in pixels of the batch, and their classes. */
export interface Objects {
  readonly boxes: readonly number[];
  readonly labels: readonly number[];
}

/** One of many, of one image. */
interface Chosen {
  /** Index among the candidates. */
  readonly index: number;
  /** Index of the object that it stands for; `BACKGROUND` for none. */
  readonly object: number;
}

/** What a loss looks at in one image, objects first; never more than `size` of the sample. */
function choose(
  candidates: Boxes,
  objects: Objects,
  rules: Pick<RcnnRules['roi'], 'match' | 'sample'>,
  random: (count: number) => ArrayLike<number>,
): Chosen[] {
  const matches = matchBoxes(candidates, objects.boxes, rules.match);
  const { positive, negative }: Sampled = sampleMatches(matches, random(matches.length), rules.sample);
  return [
    ...Array.from(positive, (index) => ({ index, object: matches[index]! })),
    ...Array.from(negative, (index) => ({ index, object: BACKGROUND })),
  ];
}

const row = (boxes: Boxes, i: number): number[] => Array.from({ length: 4 }, (_, k) => boxes[4 * i + k]!);

/** Random numbers for the candidates of an image: of a stage, by its name. */
export type Draw = (stage: 'rpn' | 'roi', image: number, count: number) => ArrayLike<number>;

/** Random numbers of a step, others for every image. */
export function drawsOf(rng: Rng): Draw {
  return (stage, image, count) => rng.split(stage).split(image).uniforms(count, 0, 1);
}

/**
 * Of every image, the anchors that the first losses look at: `rpnIndices_BS` (int32, among those of all levels),
 * `rpnLabels_BS` (float32: 1 object, 0 background, -1 nothing) and `rpnDeltas_BS4`.
 */
export function rpnTargets(
  anchors: Boxes,
  objects: readonly Objects[],
  { rpn }: RcnnRules,
  draw: Draw,
): HostBatch {
  const [batch, room] = [objects.length, rpn.sample.size];
  const indices = new Int32Array(batch * room);
  const labels = new Float32Array(batch * room).fill(-1);
  const deltas = new Float32Array(batch * room * 4);
  for (const [b, ofImage] of objects.entries()) {
    const chosen = choose(anchors, ofImage, rpn, (count) => draw('rpn', b, count));
    for (const [s, { index, object }] of chosen.entries()) {
      const at = b * room + s;
      indices[at] = index;
      labels[at] = object === BACKGROUND ? 0 : 1;
      if (object === BACKGROUND) continue;
      const code = encodeDeltas(row(anchors, index), row(ofImage.boxes, object), { stds: [1, 1, 1, 1] });
      deltas.set(code, 4 * at);
    }
  }
  return {
    rpnIndices_BS: { shape: [batch, room], dtype: 'int32', data: indices },
    rpnLabels_BS: { shape: [batch, room], dtype: 'float32', data: labels },
    rpnDeltas_BS4: { shape: [batch, room, 4], dtype: 'float32', data: deltas },
  };
}

/**
 * Of every image, the boxes that the second losses look at: `rois_BR4`, `roiLabels_BR` (int32: the class, `classes` for
 * background, -1 for nothing) and `roiDeltas_BR4`. The objects themselves are among the candidates.
 */
export function roiTargets(
  proposals: readonly Boxes[],
  objects: readonly Objects[],
  classes: number,
  { roi }: RcnnRules,
  draw: Draw,
): HostBatch {
  const [batch, room] = [objects.length, roi.sample.size];
  const rois = new Float32Array(batch * room * 4);
  const labels = new Int32Array(batch * room).fill(-1);
  const deltas = new Float32Array(batch * room * 4);
  for (const [b, ofImage] of objects.entries()) {
    const proposed = Array.from(proposals[b]!);
    const candidates =
      roi.objects === 'first' ? [...ofImage.boxes, ...proposed] : [...proposed, ...ofImage.boxes];
    const chosen = choose(candidates, ofImage, roi, (count) => draw('roi', b, count));
    for (const [r, { index, object }] of chosen.entries()) {
      const at = b * room + r;
      rois.set(row(candidates, index), 4 * at);
      labels[at] = object === BACKGROUND ? classes : ofImage.labels[object]!;
      if (object === BACKGROUND) continue;
      const code = encodeDeltas(row(candidates, index), row(ofImage.boxes, object), roi);
      deltas.set(code, 4 * at);
    }
  }
  return {
    rois_BR4: { shape: [batch, room, 4], dtype: 'float32', data: rois },
    roiLabels_BR: { shape: [batch, room], dtype: 'int32', data: labels },
    roiDeltas_BR4: { shape: [batch, room, 4], dtype: 'float32', data: deltas },
  };
}
