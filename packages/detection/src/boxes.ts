// Boxes in JS memory: x0, y0, x1, y1 in pixels, one after the other, without a border of one pixel. Suffixes: N, M boxes.

/** N boxes, [N, 4] row-major. */
export type Boxes = ArrayLike<number>;

export function countBoxes(boxes: Boxes): number {
  return boxes.length / 4;
}

/** Areas [N]; a box whose sides are crossed has none. */
export function boxAreas(boxes: Boxes): Float64Array {
  return Float64Array.from({ length: countBoxes(boxes) }, (_, i) => areaOf(boxes, i));
}

/** Intersection over union of box `i` of `a` and box `j` of `b`; 0 where both are empty. */
export function overlap(a: Boxes, i: number, b: Boxes, j: number): number {
  const both = intersection(a, i, b, j);
  return both === 0 ? 0 : both / (areaOf(a, i) + areaOf(b, j) - both);
}

/** Intersection over union [N, M] of every box of `a` with every one of `b`. */
export function boxIou(a: Boxes, b: Boxes): Float64Array {
  return pairwise(a, b, overlap);
}

/**
 * Generalised intersection over union [N, M] (Rezatofighi et al. 2019, algorithm 1): less than the plain one by the part
 * of the smallest box around both that belongs to neither.
 */
export function boxGiou(a: Boxes, b: Boxes): Float64Array {
  return pairwise(a, b, (_, i, __, j) => {
    const side = (axis: number): number =>
      Math.max(a[4 * i + 2 + axis]!, b[4 * j + 2 + axis]!) - Math.min(a[4 * i + axis]!, b[4 * j + axis]!);
    const hull = side(0) * side(1);
    if (hull <= 0) return 0;
    const union = areaOf(a, i) + areaOf(b, j) - intersection(a, i, b, j);
    return overlap(a, i, b, j) - (hull - union) / hull;
  });
}

/** The boxes cut off at the border of an image. */
export function clipBoxes(boxes: Boxes, height: number, width: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(boxes, (value, i) => Math.min(Math.max(value, 0), i % 2 === 0 ? width : height));
}

/** [cx, cy, width, height] to [x0, y0, x1, y1]. */
export function cornersOf(centred: Boxes): Float32Array<ArrayBuffer> {
  return Float32Array.from(centred, (_, i) => {
    const [first, axis] = [i - (i % 4), i % 2];
    const half = centred[first + 2 + axis]! / 2;
    return centred[first + axis]! + (i % 4 < 2 ? -half : half);
  });
}

/** [x0, y0, x1, y1] to [cx, cy, width, height]. */
export function centresOf(boxes: Boxes): Float32Array<ArrayBuffer> {
  return Float32Array.from(boxes, (_, i) => {
    const [first, axis] = [i - (i % 4), i % 2];
    const [low, high] = [boxes[first + axis]!, boxes[first + 2 + axis]!];
    return i % 4 < 2 ? (low + high) / 2 : high - low;
  });
}

function areaOf(boxes: Boxes, i: number): number {
  const width = boxes[4 * i + 2]! - boxes[4 * i]!;
  const height = boxes[4 * i + 3]! - boxes[4 * i + 1]!;
  return width > 0 && height > 0 ? width * height : 0;
}

function intersection(a: Boxes, i: number, b: Boxes, j: number): number {
  const width = Math.min(a[4 * i + 2]!, b[4 * j + 2]!) - Math.max(a[4 * i]!, b[4 * j]!);
  if (width <= 0) return 0;
  const height = Math.min(a[4 * i + 3]!, b[4 * j + 3]!) - Math.max(a[4 * i + 1]!, b[4 * j + 1]!);
  return height <= 0 ? 0 : width * height;
}

function pairwise(a: Boxes, b: Boxes, of: typeof overlap): Float64Array {
  const columns = countBoxes(b);
  const result = new Float64Array(countBoxes(a) * columns);
  return result.map((_, k) => of(a, Math.floor(k / columns), b, k % columns));
}
