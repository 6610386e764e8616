// Which anchors or proposals stand for which object, and which of them a loss looks at.

import { type Boxes, boxIou, countBoxes } from './boxes.ts';

/** Stands for nothing. */
export const BACKGROUND = -1;
/** Too near to be background, and not near enough to be an object: no loss looks at it. */
export const IGNORED = -2;

export interface MatchOptions {
  /** From this overlap on, a candidate stands for the object that it overlaps most. */
  readonly positive: number;
  /** Below this overlap with every object, it is background. */
  readonly negative: number;
  /**
   * Whether the candidates nearest to an object stand for it although they are not near: mmdetection takes them from an
   * overlap of `from` on and gives them to that object; detectron2 takes them however far they are, and leaves them to
   * the object that they overlap most.
   */
  readonly nearest?:
    | { readonly rule: 'mmdetection'; readonly from: number }
    | { readonly rule: 'detectron2' };
}

/** The object [N] of every candidate: its index among `objects`, `BACKGROUND` or `IGNORED`. */
export function matchBoxes(
  candidates: Boxes,
  objects: Boxes,
  { positive, negative, nearest }: MatchOptions,
): Int32Array<ArrayBuffer> {
  const [count, objectCount] = [countBoxes(candidates), countBoxes(objects)];
  // In single precision, as in the reference code: anchors around an object are often equally near to it.
  const overlaps = Float32Array.from(boxIou(candidates, objects));
  const most = new Int32Array(count);
  const matches = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    let [best, value] = [0, -Infinity];
    for (let j = 0; j < objectCount; j++) {
      if (overlaps[i * objectCount + j]! > value) [best, value] = [j, overlaps[i * objectCount + j]!];
    }
    most[i] = best;
    matches[i] = value >= positive ? best : value < negative ? BACKGROUND : IGNORED;
  }
  if (nearest === undefined) return matches;
  for (let j = 0; j < objectCount; j++) {
    let top = 0;
    for (let i = 0; i < count; i++) top = Math.max(top, overlaps[i * objectCount + j]!);
    if (nearest.rule === 'mmdetection' && top < nearest.from) continue;
    for (let i = 0; i < count; i++) {
      if (overlaps[i * objectCount + j] !== top) continue;
      matches[i] = nearest.rule === 'mmdetection' ? j : most[i]!;
    }
  }
  return matches;
}

export interface SampleOptions {
  readonly size: number;
  /** At most this part of them stands for objects. */
  readonly positiveFraction: number;
}

export interface Sampled {
  /** Indices in rising order. */
  readonly positive: Int32Array<ArrayBuffer>;
  readonly negative: Int32Array<ArrayBuffer>;
}

/**
 * Draws the candidates that a loss looks at: of those that stand for objects, and of background, the ones with the
 * smallest `random` numbers [N]. What objects leave free is filled with background.
 */
export function sampleMatches(
  matches: ArrayLike<number>,
  random: ArrayLike<number>,
  { size, positiveFraction }: SampleOptions,
): Sampled {
  const indices = Array.from({ length: matches.length }, (_, i) => i);
  const draw = (from: number[], count: number): Int32Array<ArrayBuffer> =>
    Int32Array.from(from.sort((a, b) => random[a]! - random[b]! || a - b).slice(0, count)).sort();
  const positive = draw(
    indices.filter((i) => matches[i]! >= 0),
    Math.floor(size * positiveFraction),
  );
  const negative = draw(
    indices.filter((i) => matches[i] === BACKGROUND),
    size - positive.length,
  );
  return { positive, negative };
}
