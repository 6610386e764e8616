import { type Boxes, boxAreas } from './boxes.ts';

export interface LevelOptions {
  readonly count: number;
  /** Boxes with sides of twice as many pixels belong to the second level; 56 for strides of 4, 8, 16, 32. */
  readonly finest?: number;
}

/** Where in a pyramid a box is looked up [N] (Lin et al. 2017, equation 1): a level for each doubling of its sides. */
export function pyramidLevels(boxes: Boxes, { count, finest = 56 }: LevelOptions): Int32Array<ArrayBuffer> {
  return Int32Array.from(boxAreas(boxes), (area) => {
    const level = Math.floor(Math.log2(Math.sqrt(area) / finest + 1e-6));
    return Math.min(Math.max(level, 0), count - 1);
  });
}
