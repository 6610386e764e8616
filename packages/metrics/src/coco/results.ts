// Detections as COCO's tools exchange them.

import type { BoxXywh } from './overlap.ts';
import { countsToText, type Rle } from './rle.ts';

/** An entry of a results file. */
export interface CocoResultEntry {
  readonly image_id: number;
  readonly category_id: number;
  /** x, y, width, height. */
  readonly bbox: BoxXywh;
  readonly score: number;
  readonly segmentation?: { readonly size: Rle['size']; readonly counts: string };
}

/** A detection as an entry of a results file; `box` is x0, y0, x1, y1 in pixels of the image. */
export function resultEntry({
  image,
  category,
  score,
  box: [x0, y0, x1, y1],
  mask,
}: {
  readonly image: number;
  readonly category: number;
  readonly score: number;
  readonly box: BoxXywh;
  readonly mask?: Rle;
}): CocoResultEntry {
  return {
    image_id: image,
    category_id: category,
    bbox: [x0, y0, x1 - x0, y1 - y0],
    score,
    ...(mask === undefined ? {} : { segmentation: { size: mask.size, counts: countsToText(mask.counts) } }),
  };
}
