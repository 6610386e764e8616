// Average precision and recall of detections, the way COCO measures them (Lin et al. 2014, arXiv:1405.0312;
// cocodataset.org/#detection-eval): ten thresholds of overlap, 101 recalls, sizes, at most 1, 10 and 100 an image.

import { MaNetError } from '@ma-net/core';
import { accumulate, type PrecisionRecall, type Ranked } from './accumulate.ts';
import { type Area, match, OVERLAPS, type Pairing } from './match.ts';
import { type BoxXywh, boxOverlap, maskOverlap, type MeasuredMask, measureMask } from './overlap.ts';
import { maskArea, type Rle } from './rle.ts';

/** One object of the ground truth. */
export interface CocoObject {
  readonly image: number;
  readonly category: number;
  /** [x, y, width, height] in pixels. */
  readonly box: BoxXywh;
  /** In square pixels, as annotated: it decides whether an object is small, medium or large. */
  readonly area: number;
  readonly crowd: boolean;
  readonly mask?: Rle;
}

/** One detection. */
export interface CocoDetection {
  readonly image: number;
  readonly category: number;
  readonly score: number;
  readonly box: BoxXywh;
  readonly mask?: Rle;
}

/** The twelve numbers, and those that are shown for a class; undefined where there is no object to find. */
export type CocoMeasure =
  | 'AP'
  | 'AP50'
  | 'AP75'
  | 'APs'
  | 'APm'
  | 'APl'
  | 'AR1'
  | 'AR10'
  | 'AR100'
  | 'ARs'
  | 'ARm'
  | 'ARl';
export type CocoNumbers = Readonly<Record<CocoMeasure, number | undefined>>;

export interface CocoResult {
  readonly all: CocoNumbers;
  readonly byCategory: ReadonlyMap<number, CocoNumbers>;
  /** Curves of a class; undefined where it has no object of that size. */
  curve(category: number, area: Area, most: 1 | 10 | 100): PrecisionRecall | undefined;
}

export interface CocoOptions {
  /** What overlaps are measured of. */
  readonly of: 'boxes' | 'masks';
  /** Ids of all images that were looked at, those without objects included. */
  readonly images: readonly number[];
  readonly categories: readonly number[];
}

const MOST = [1, 10, 100] as const;

/**
 * Compares detections with the ground truth. Equal scores keep the order of the detections; images are visited
 * by ascending id. Throws `bad-data` for an image or a category that is not among those given, a score or box
 * that is no number, or a missing mask.
 */
export function evaluateCoco(
  truths: readonly CocoObject[],
  detections: readonly CocoDetection[],
  { of, images, categories }: CocoOptions,
): CocoResult {
  const classes = [...new Set(categories)].sort((a, b) => a - b);
  const places = { images: new Set(images), categories: new Set(classes), of };
  const truthsAt = byPlace(truths, 'object', places);
  const detectionsAt = byPlace(detections, 'detection', places);
  const measured = new Map(
    classes.map((category) => [category, ofClass(truthsAt.get(category), detectionsAt.get(category), of)]),
  );
  const curve: CocoResult['curve'] = (category, area, most) => measured.get(category)?.(area, most);
  return {
    all: numbers(classes, curve),
    byCategory: new Map(classes.map((category) => [category, numbers([category], curve)])),
    curve,
  };
}

type Listed<T> = ReadonlyMap<number, T[]>;
type ClassCurve = (area: Area, most: (typeof MOST)[number]) => PrecisionRecall | undefined;

/** The curves of one class, each made when it is first asked for; objects and detections by image. */
function ofClass(
  truths: Listed<CocoObject> = new Map(),
  detections: Listed<CocoDetection> = new Map(),
  of: CocoOptions['of'],
): ClassCurve {
  const visited = [...new Set([...truths.keys(), ...detections.keys()])].sort((a, b) => a - b);
  const pairs = visited.map((image) => pairing(truths.get(image) ?? [], detections.get(image) ?? [], of));
  const ranked = ranking(pairs.map(({ scores }) => scores));
  const total = ranked.scores_D.length;
  const outcomes = new Map<Area, { readonly counted: number; readonly outcome_TD: Int8Array }>();
  const outcomeOf = (area: Area) => {
    let made = outcomes.get(area);
    if (made !== undefined) return made;
    const outcome_TD = new Int8Array(OVERLAPS.length * total);
    let [counted, at] = [0, 0];
    for (const pair of pairs) {
      counted += match(pair, area, outcome_TD, total, at);
      at += pair.scores.length;
    }
    made = { counted, outcome_TD };
    outcomes.set(area, made);
    return made;
  };
  const curves = new Map<string, PrecisionRecall>();
  return (area, most) => {
    const { counted, outcome_TD } = outcomeOf(area);
    if (counted === 0) return undefined;
    const key = `${area} ${most}`;
    const made = curves.get(key) ?? accumulate(ranked, outcome_TD, counted, most);
    curves.set(key, made);
    return made;
  };
}

/** Of the scores of each image, descending. */
function ranking(images: readonly Float64Array[]): Ranked {
  const total = images.reduce((sum, scores) => sum + scores.length, 0);
  const [scores_D, places_D] = [new Float64Array(total), new Uint8Array(total)];
  let at = 0;
  for (const scores of images) {
    scores_D.set(scores, at);
    for (let d = 0; d < scores.length; d++) places_D[at++] = d;
  }
  const order_D = Uint32Array.from({ length: total }, (_, d) => d);
  order_D.sort((a, b) => scores_D[b]! - scores_D[a]! || a - b);
  return { scores_D, places_D, order_D };
}

interface Places {
  readonly images: ReadonlySet<number>;
  readonly categories: ReadonlySet<number>;
  readonly of: CocoOptions['of'];
}

function byPlace<T extends CocoObject | CocoDetection>(
  entries: readonly T[],
  what: string,
  { images, categories, of }: Places,
): ReadonlyMap<number, Listed<T>> {
  const found = new Map<number, Map<number, T[]>>();
  entries.forEach((entry, n) => {
    const { image, category, box, mask } = entry;
    const refuse = (why: string, hint: string): never => {
      throw new MaNetError('bad-data', `The ${what} ${why}.`, { where: `${what} ${n}`, hint });
    };
    if (!images.has(image))
      refuse(`is in image ${image}, which is not in the data set`, 'pass results of the same data set.');
    if (!categories.has(category))
      refuse(`is of category ${category}, which is not in the data set`, 'pass the ids of the data set.');
    if (!box.every(Number.isFinite) || ('score' in entry && !Number.isFinite(entry.score)))
      refuse('has a box or a score that is no number', 'write finite numbers.');
    if (of === 'masks' && mask === undefined)
      refuse('has no mask', 'give every one a mask, or evaluate boxes.');
    const own = found.get(category) ?? new Map<number, T[]>();
    found.set(category, own);
    const list = own.get(image);
    if (list === undefined) own.set(image, [entry]);
    else list.push(entry);
  });
  return found;
}

function pairing(
  objects: readonly CocoObject[],
  all: readonly CocoDetection[],
  of: CocoOptions['of'],
): Pairing & { readonly scores: Float64Array } {
  const found = [...all].sort((a, b) => b.score - a.score).slice(0, MOST.at(-1));
  const overlaps = new Float64Array(found.length * objects.length);
  let detectionAreas = found.map(({ box }) => box[2] * box[3]);
  if (of === 'boxes') {
    found.forEach((d, i) => {
      objects.forEach((o, j) => {
        overlaps[i * objects.length + j] = boxOverlap(d.box, o.box, o.crowd);
      });
    });
  } else if (objects.length === 0) {
    detectionAreas = found.map(({ mask }) => maskArea(mask!));
  } else {
    const measure = ({ mask }: CocoObject | CocoDetection): MeasuredMask => measureMask(mask!);
    const [foundMasks, objectMasks] = [found.map(measure), objects.map(measure)];
    detectionAreas = foundMasks.map(({ area }) => area);
    foundMasks.forEach((d, i) => {
      objectMasks.forEach((o, j) => {
        overlaps[i * objects.length + j] = maskOverlap(d, o, objects[j]!.crowd);
      });
    });
  }
  return {
    overlaps,
    detectionAreas,
    truthAreas: objects.map(({ area }) => area),
    crowds: objects.map(({ crowd }) => crowd),
    scores: Float64Array.from(found, ({ score }) => score),
  };
}

function numbers(categories: readonly number[], curve: CocoResult['curve']): CocoNumbers {
  const mean = (
    area: Area,
    most: (typeof MOST)[number],
    of: (found: PrecisionRecall) => Float64Array,
  ): number | undefined => {
    let [sum, count] = [0, 0];
    for (const category of categories) {
      const found = curve(category, area, most);
      if (found === undefined) continue;
      const values = of(found);
      sum += values.reduce((a, b) => a + b, 0);
      count += values.length;
    }
    return count === 0 ? undefined : sum / count;
  };
  const precision = (area: Area, threshold?: number): number | undefined =>
    mean(area, 100, ({ precision_TR }) => {
      const recalls = precision_TR.length / OVERLAPS.length;
      const t = threshold === undefined ? -1 : OVERLAPS.indexOf(threshold);
      return t === -1 ? precision_TR : precision_TR.subarray(t * recalls, (t + 1) * recalls);
    });
  const recall = (area: Area, most: (typeof MOST)[number]): number | undefined =>
    mean(area, most, ({ recall_T }) => recall_T);
  return {
    AP: precision('all'),
    AP50: precision('all', 0.5),
    AP75: precision('all', 0.75),
    APs: precision('small'),
    APm: precision('medium'),
    APl: precision('large'),
    AR1: recall('all', 1),
    AR10: recall('all', 10),
    AR100: recall('all', 100),
    ARs: recall('small', 100),
    ARm: recall('medium', 100),
    ARl: recall('large', 100),
  };
}
