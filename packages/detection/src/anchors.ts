// Anchors (Ren et al. 2015, section 3.1.1): boxes of a few sizes and proportions around every pixel of a feature map.

import { roundHalfEven } from '@ma-net/core';

export interface AnchorOptions {
  /** Sides of a square of the same area, in pixels. */
  readonly sizes: readonly number[];
  /** Height over width. */
  readonly ratios: readonly number[];
  /** Whether the anchors around (0, 0) have whole numbers for sides, as torchvision's do. */
  readonly rounded?: boolean;
}

/** The anchors [S * R, 4] around (0, 0): every ratio of the first size, then of the next. */
export function baseAnchors({ sizes, ratios, rounded = false }: AnchorOptions): Float64Array<ArrayBuffer> {
  const boxes = sizes.flatMap((size) =>
    ratios.flatMap((ratio) => {
      const height = size * Math.sqrt(ratio);
      const width = size / Math.sqrt(ratio);
      return [-width / 2, -height / 2, width / 2, height / 2];
    }),
  );
  return Float64Array.from(boxes, (side) => (rounded ? roundHalfEven(side) : side));
}

export interface GridOptions {
  readonly height: number;
  readonly width: number;
  /** Pixels of the image per pixel of the map, down and across where these differ. */
  readonly stride: number | readonly [down: number, across: number];
  /** Where in its cell an anchor has its centre, in strides; its corner unless given. */
  readonly offset?: number;
}

/** The anchors [height * width * A, 4] of a feature map: row by row, all of a pixel together. */
export function gridAnchors(
  base: ArrayLike<number>,
  { height, width, stride, offset = 0 }: GridOptions,
): Float32Array<ArrayBuffer> {
  const anchors = new Float32Array(height * width * base.length);
  const [down, across] = typeof stride === 'number' ? [stride, stride] : stride;
  let k = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      for (let side = 0; side < base.length; side++) {
        const place = side % 2 === 0 ? (column + offset) * across : (row + offset) * down;
        anchors[k++] = place + base[side]!;
      }
    }
  }
  return anchors;
}

/** The points (x, y) [height * width, 2] in the middle of the pixels of a map, where detectors without anchors look. */
export function gridPoints({
  height,
  width,
  stride,
}: Omit<GridOptions, 'offset' | 'stride'> & { readonly stride: number }): Float32Array<ArrayBuffer> {
  const middle = Math.floor(stride / 2);
  return Float32Array.from({ length: 2 * height * width }, (_, k) => {
    const cell = Math.floor(k / 2);
    return middle + stride * (k % 2 === 0 ? cell % width : Math.floor(cell / width));
  });
}
