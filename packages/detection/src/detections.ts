// What a detector says of an image, whoever it is.

import type { Rle } from '@ma-net/metrics';
import type { Boxes } from './boxes.ts';

/** The detections of one image, the surest first; N of them. */
export interface Detections {
  /** [N, 4]: x0, y0, x1, y1 in pixels of the image itself, before it was resized and padded. */
  readonly boxes: Float32Array<ArrayBuffer>;
  /** [N]: indices of classes. */
  readonly labels: Int32Array<ArrayBuffer>;
  /** [N]: from 0 to 1. */
  readonly scores: Float32Array<ArrayBuffer>;
  /** Of N objects, of the size of the image itself. */
  readonly masks?: readonly Rle[];
}

/** [height, width] in pixels. */
export type ImageSize = readonly [height: number, width: number];

/**
 * Boxes [N, 4] in an image that was resized to `size` (`sizes_B2` of a batch), in pixels of the `original`
 * (`originals_B2`) and cut off at its border.
 */
export function originalBoxes(boxes: Boxes, size: ImageSize, original: ImageSize): Float32Array<ArrayBuffer> {
  const scales = [original[1] / size[1], original[0] / size[0]];
  return Float32Array.from(boxes, (value, i) =>
    Math.min(Math.max(value * scales[i % 2]!, 0), original[1 - (i % 2)]!),
  );
}
