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

export interface Matches {
  /** Objects that count. */
  readonly truths: number;
  /** By threshold, then by detection: 1 found an object, 0 found none, -1 does not count. */
  readonly outcome_TD: Int8Array;
}

/**
 * Every detection takes, in the order of scores, the object that it overlaps most and that no earlier one took;
 * of equal overlaps the later object. Crowds and objects outside the area are taken only by those that find
 * nothing else, any number of times in the case of crowds, and neither they nor who takes them count.
 */
export function match({ overlaps, detectionAreas, truthAreas, crowds }: Pairing, area: Area): Matches {
  const [least, most] = AREAS[area];
  const outside = (size: number): boolean => size < least || size > most;
  const count = truthAreas.length;
  const ignored = truthAreas.map((size, g) => crowds[g]! || outside(size));
  // Those that count first; each kind in its own order.
  const order = [...ignored.keys()].sort((a, b) => Number(ignored[a]) - Number(ignored[b]));
  const outcome_TD = new Int8Array(OVERLAPS.length * detectionAreas.length);
  OVERLAPS.forEach((threshold, t) => {
    const taken = new Uint8Array(count);
    for (let d = 0; d < detectionAreas.length; d++) {
      let best = Math.min(threshold, 1 - 1e-10);
      let found = -1;
      for (const g of order) {
        if (taken[g] !== 0 && !crowds[g]!) continue;
        if (found !== -1 && !ignored[found]! && ignored[g]!) break;
        const overlap = overlaps[d * count + g]!;
        if (overlap < best) continue;
        [best, found] = [overlap, g];
      }
      if (found !== -1) taken[found] = 1;
      const discounted = found === -1 ? outside(detectionAreas[d]!) : ignored[found]!;
      outcome_TD[t * detectionAreas.length + d] = discounted ? -1 : found === -1 ? 0 : 1;
    }
  });
  return { truths: ignored.filter((i) => !i).length, outcome_TD };
}
