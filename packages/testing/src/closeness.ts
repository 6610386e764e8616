import type { Tolerance } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

/** Numbers to compare, with a shape where there is one. */
export interface Numbers {
  readonly shape?: readonly number[];
  readonly dtype?: string;
  readonly data: ArrayLike<number>;
}

type Nested = number | readonly Nested[];
export type Comparable = tf.Tensor | Numbers | Nested | Float32Array | Float64Array | Int32Array;

/** For tests that need no other: rounding of float32 over short sums. */
export const DEFAULT_TOLERANCE: Tolerance = { rtol: 1e-5, atol: 1e-6 };

/** The numbers of anything that can be compared; a flat array has no shape. */
export async function numbersOf(value: Comparable): Promise<Numbers> {
  if (value instanceof tf.Tensor) return { shape: value.shape, dtype: value.dtype, data: await value.data() };
  if (typeof value === 'number') return { shape: [], data: [value] };
  if (ArrayBuffer.isView(value)) return { data: value };
  if (!Array.isArray(value)) return value as Numbers;
  if (value.every((v) => typeof v === 'number')) return { data: value as number[] };
  return { shape: nestedShape(value), data: value.flat(Number.POSITIVE_INFINITY) as number[] };
}

function nestedShape(value: Nested): number[] {
  return Array.isArray(value) ? [value.length, ...nestedShape(value[0] as Nested)] : [];
}

/**
 * Why `found` is not `expected`: another shape, another type, or numbers with
 * |found - expected| > atol + rtol |expected|. Undefined when they agree; NaN agrees with NaN.
 */
export function difference(
  found: Numbers,
  expected: Numbers,
  { rtol, atol }: Tolerance = DEFAULT_TOLERANCE,
): string | undefined {
  const [has, wants] = [found.shape?.join(), expected.shape?.join()];
  if (has !== undefined && wants !== undefined && has !== wants)
    return `the shape is [${has}], not [${wants}]`;
  if (found.data.length !== expected.data.length)
    return `there are ${found.data.length} numbers, not ${expected.data.length}`;
  if (found.dtype !== undefined && expected.dtype !== undefined && found.dtype !== expected.dtype)
    return `the type is ${found.dtype}, not ${expected.dtype}`;
  let [wrong, worst, worstExcess] = [0, -1, 0];
  for (let i = 0; i < expected.data.length; i++) {
    const [a, b] = [found.data[i]!, expected.data[i]!];
    if (Object.is(a, b) || a === b) continue;
    const excess = Math.abs(a - b) / (atol + rtol * Math.abs(b));
    if (excess <= 1) continue;
    wrong++;
    if (worst < 0 || !(excess <= worstExcess)) [worst, worstExcess] = [i, excess];
  }
  if (wrong === 0) return undefined;
  const where = position(worst, found.shape ?? expected.shape ?? [expected.data.length]);
  return `${wrong} of ${expected.data.length} numbers differ, most at [${where}]: ${found.data[worst]} instead of ${expected.data[worst]} (allowed: ${atol} + ${rtol} relative)`;
}

function position(index: number, shape: readonly number[]): string {
  const at: number[] = [];
  for (const size of shape.toReversed()) {
    at.unshift(index % size);
    index = Math.floor(index / size);
  }
  return at.join(', ');
}
