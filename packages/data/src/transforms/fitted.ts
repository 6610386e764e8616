// The size that an image is brought to when it is seen whole: a shorter side as asked for, unless the longer one becomes too long.
// The reference implementations round differently, by a pixel.

import { roundHalfEven } from '@ma-net/core';

/** [height, width]. */
export type Size = readonly [height: number, width: number];

export interface ResizeRule {
  readonly shorter: number;
  readonly longest: number;
  readonly rounding: 'detectron2' | 'mmdetection' | 'detr';
}

/** The size of an image of [height, width] under a rule. */
export function resizedSize([height, width]: Size, { shorter, longest, rounding }: ResizeRule): Size {
  const [low, high] = [Math.min(height, width), Math.max(height, width)];
  switch (rounding) {
    case 'detectron2': {
      const scale = shorter / low;
      let [h, w] = height < width ? [shorter, scale * width] : [scale * height, shorter];
      if (Math.max(h, w) > longest) {
        const down = longest / Math.max(h, w);
        [h, w] = [h * down, w * down];
      }
      return [Math.trunc(h + 0.5), Math.trunc(w + 0.5)];
    }
    case 'mmdetection': {
      const scale = Math.min(longest / high, shorter / low);
      return [Math.trunc(height * scale + 0.5), Math.trunc(width * scale + 0.5)];
    }
    case 'detr': {
      const asked = (high / low) * shorter > longest ? roundHalfEven((longest * low) / high) : shorter;
      if (low === asked) return [height, width];
      const other = Math.trunc((asked * high) / low);
      return height < width ? [asked, other] : [other, asked];
    }
  }
}

/** A side that is a multiple of `divisor`, and no smaller. */
export function paddedSide(side: number, divisor: number): number {
  return Math.ceil(side / divisor) * divisor;
}

/** The size under a rule, smaller where it has no room. */
export function fittedSize(image: Size, rule: ResizeRule, room: Size): Size {
  const size = resizedSize(image, rule);
  const scale = Math.min(room[0] / size[0], room[1] / size[1]);
  if (scale >= 1) return size;
  return [Math.max(1, Math.floor(size[0] * scale)), Math.max(1, Math.floor(size[1] * scale))];
}
