// Which single weights of some tensors stay: the largest, over all of them or tensor by tensor.

/** A tensor on the host, and what each of its numbers costs: 1 of parameters, its positions of multiply-accumulates. */
export interface Weighed {
  readonly values: Float32Array;
  readonly cost: number;
}

/** n keep, rounded to the nearest whole number; halves to the even one. */
export function countToKeep(n: number, keep: number): number {
  const exact = n * keep;
  const below = Math.floor(exact);
  const rest = exact - below;
  if (rest !== 0.5) return Math.round(exact);
  return below % 2 === 0 ? below : below + 1;
}

/**
 * Masks, 1 where a weight stays. The smallest by magnitude go until what they cost is at least `remove`; those that `before`
 * says are gone already go first. Of equal ones an earlier tensor, and an earlier place in it, stays longer.
 */
export function largest(
  tensors: readonly Weighed[],
  remove: number,
  before?: readonly Uint8Array[],
): Uint8Array[] {
  const count = tensors.reduce((sum, { values }) => sum + values.length, 0);
  const magnitudes = new Float64Array(count);
  const masks = tensors.map(({ values }) => new Uint8Array(values.length).fill(1));
  const starts: number[] = [];
  let start = 0;
  for (const [t, { values }] of tensors.entries()) {
    starts.push(start);
    for (let i = 0; i < values.length; i++)
      magnitudes[start + i] = before?.[t]![i] === 0 ? -1 : Math.abs(values[i]!);
    start += values.length;
  }
  const order = Uint32Array.from({ length: count }, (_, i) => i).sort(
    (a, b) => magnitudes[a]! - magnitudes[b]! || b - a,
  );
  let gone = 0;
  for (const place of order) {
    if (gone >= remove) break;
    const t = starts.findLastIndex((first) => first <= place);
    masks[t]![place - starts[t]!] = 0;
    gone += tensors[t]!.cost;
  }
  return masks;
}
