import { type HostBatch, MaNetError, type Meter } from '@ma-net/core';
import {
  type BoxXywh,
  type CocoDetection,
  cocoMeasures,
  type CocoObject,
  type CocoResult,
  evaluateCoco,
  unpackTruths,
} from '@ma-net/metrics';
import type { Detections } from './detections.ts';

/** What is measured, in COCO's words: boxes, or masks. */
export type CocoKind = 'bbox' | 'segm';

const KINDS = { bbox: 'boxes', segm: 'masks' } as const satisfies Record<CocoKind, 'boxes' | 'masks'>;

/**
 * COCO's twelve numbers over batches that carry their ground truth (`truths` of @ma-net/data-coco): `AP`, `AP50`, `AP75`,
 * `APs`, `APm`, `APl`, `AR1`, `AR10`, `AR100`, `ARs`, `ARm`, `ARl` of boxes, and the same of masks as `maskAP` and so
 * on, from 0 to 1. A number is left out where there is no object to find, such as no large one; `bad-data` where there
 * is none at all.
 */
export function cocoMeter({ kinds }: { readonly kinds: readonly CocoKind[] }): Meter<Detections> {
  const images: number[] = [];
  const truths: CocoObject[] = [];
  const found: CocoDetection[] = [];
  let results: readonly (readonly [CocoKind, CocoResult])[] | undefined;

  const measured = (): readonly (readonly [CocoKind, CocoResult])[] => {
    const categories = [...new Set([...truths, ...found].map(({ category }) => category))];
    if (!truths.some(({ crowd }) => !crowd)) throw nothingToFind(images.length);
    results ??= kinds.map((kind) => [
      kind,
      evaluateCoco(truths, found, { of: KINDS[kind], images, categories }),
    ]);
    return results;
  };

  return {
    add(predictions, batch) {
      results = undefined;
      truths.push(...unpackTruths(batch));
      for (const [b, index] of indicesOf(batch).entries()) {
        // What fills up the last batch.
        if (index < 0) continue;
        images.push(index);
        found.push(...detectionsOf(predictions[b]!, index));
      }
    },
    result: () =>
      Object.assign({}, ...measured().map(([kind, { all }]) => cocoMeasures(all, KINDS[kind]))) as Record<
        string,
        number
      >,
    byClass() {
      const classes = new Map<number, Record<string, number>>();
      for (const [kind, { byCategory }] of measured()) {
        for (const [label, numbers] of byCategory) {
          const measures = cocoMeasures(numbers, KINDS[kind]);
          if (Object.keys(measures).length > 0) classes.set(label, { ...classes.get(label), ...measures });
        }
      }
      return classes;
    },
  };
}

function indicesOf(batch: HostBatch): readonly number[] {
  return [...batch['indices_B']!.data];
}

function detectionsOf({ boxes, labels, scores, masks }: Detections, image: number): CocoDetection[] {
  return Array.from(scores, (score, n) => {
    const [x0, y0, x1, y1] = boxes.subarray(4 * n, 4 * n + 4) as unknown as BoxXywh;
    const box = [x0, y0, x1 - x0, y1 - y0] as const;
    const mask = masks?.[n];
    return { image, category: labels[n]!, score, box, ...(mask === undefined ? {} : { mask }) };
  });
}

function nothingToFind(images: number): MaNetError {
  return new MaNetError('bad-data', `None of the ${images} images has an object to find.`, {
    where: 'the images to measure on',
    hint: 'pass images with annotations that are not all crowds.',
  });
}
