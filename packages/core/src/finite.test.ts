import { expect, test } from 'vitest';
import { assertFinite, assertFloats } from './finite.ts';
import type { HostTensor } from './params.ts';

const float = (...values: number[]): HostTensor => ({
  shape: [values.length],
  dtype: 'float32',
  data: Float32Array.from(values),
});

test('takes numbers, the largest and none at all', () => {
  assertFinite({ a: float(0, -0, 3.4e38, 1e-45), b: float() }, 'here', 'start again.');
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  'refuses %s, and says where',
  (value) => {
    const tensors = { whole: float(1, 2), first: float(1, 2, value, value), second: float(value) };
    expect(() => assertFinite(tensors, 'a.safetensors', 'start again.')).toThrow(
      expect.objectContaining({
        code: 'non-finite',
        message: `The tensor "first" holds ${value} at index 2; expected finite numbers; 1 more tensors hold such numbers.\n  at a.safetensors\n  hint: start again.`,
      }),
    );
  },
);

test('whole numbers are no weights, and are named with the type of their file', () => {
  const whole: HostTensor = { shape: [1], dtype: 'int32', data: Int32Array.of(1) };
  assertFloats({ a: float(1) }, 'here');
  expect(() =>
    assertFloats({ a: float(1), b: whole, c: { ...whole, stored: 'I8' } }, 'a.safetensors'),
  ).toThrow(/2 of these tensors hold whole numbers.*\n {4}b: I32\n {4}c: I8\n {2}at a.safetensors/);
});
