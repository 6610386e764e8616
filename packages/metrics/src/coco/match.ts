// One image, one class: which detections find which objects, at every threshold of overlap.

/** Thresholds of overlap: .5 to .95. The ninth is the double that twenty years of results were made with. */
export const OVERLAPS: readonly number[] = [
  0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.8999999999999999, 0.95,
];

/** Areas in square pixels, both ends included. */
export const AREAS = {
  all: [0, 1e10],
  small: [0, 32 ** 2],
  medium: [32 ** 2, 96 ** 2],
  large: [96 ** 2, 1e10],
} as const satisfies Record<string, readonly [number, number]>;

export type Area = keyof typeof AREAS;

export interface Pairing {
  /** Overlaps, detections by objects, row-major; detections by descending score. */
  readonly overlaps: Float64Array;
  readonly detectionAreas: readonly number[];
  readonly truthAreas: readonly number[];
  readonly crowds: readonly boolean[];
}

/**
 * Every detection takes, in the order of scores, the object that it overlaps most and that no earlier one took;
 * of equal overlaps the later object. Crowds and objects outside the area are taken only by those that find
 * nothing else, any number of times in the case of crowds, and neither they nor who takes them count.
 *
 * Writes, of detection d at threshold t, 1 (found an object), 0 (found none) or -1 (does not count) to
 * `out_TD[t * stride + at + d]`; returns the number of objects that count.
 */
export function match(
  { overlaps, detectionAreas, truthAreas, crowds }: Pairing,
  area: Area,
  out_TD: Int8Array,
  stride: number,
  at: number,
): number {
  const [least, most] = AREAS[area];
  const outside = (size: number): boolean => size < least || size > most;
  const [count, detections] = [truthAreas.length, detectionAreas.length];
  const ignored = truthAreas.map((size, g) => crowds[g]! || outside(size));
  // Those that count first; each kind in its own order.
  const order: number[] = [];
  for (let g = 0; g < count; g++) if (!ignored[g]!) order.push(g);
  const counted = order.length;
  for (let g = 0; g < count; g++) if (ignored[g]!) order.push(g);
  const taken = new Uint8Array(count);
  const missed_D = detectionAreas.map((size) => (outside(size) ? -1 : 0));
  const highest_D = detectionAreas.map((_, d) => highest(overlaps, d * count, count));
  for (let t = 0; t < OVERLAPS.length; t++) {
    const threshold = Math.min(OVERLAPS[t]!, 1 - 1e-10);
    taken.fill(0);
    for (let d = 0; d < detections; d++) {
      const to = t * stride + at + d;
      out_TD[to] = missed_D[d]!;
      if (highest_D[d]! < threshold) continue;
      let best = threshold;
      let found = -1;
      for (let k = 0; k < count; k++) {
        // From here on there are none that count.
        if (k === counted && found !== -1) break;
        const g = order[k]!;
        if (taken[g] !== 0 && !crowds[g]!) continue;
        const overlap = overlaps[d * count + g]!;
        if (overlap < best) continue;
        [best, found] = [overlap, g];
      }
      if (found === -1) continue;
      taken[found] = 1;
      out_TD[to] = ignored[found]! ? -1 : 1;
    }
  }
  return counted;
}

function highest(values: Float64Array, from: number, count: number): number {
  let most = 0;
  for (let i = from; i < from + count; i++) if (values[i]! > most) most = values[i]!;
  return most;
}
