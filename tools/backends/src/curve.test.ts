import { expect, test } from 'vitest';
import { largestDifference, readCurve } from './curve.ts';
import { STEPS } from './digits.ts';

test('the committed curve has every step', () => {
  const curve = readCurve();
  expect([...curve.keys()]).toEqual(Array.from({ length: STEPS }, (_, i) => i + 1));
  expect([...curve.values()].every((loss) => loss > 0 && loss < 10)).toBe(true);
});

test('largestDifference is relative, names the step, and does not pass over NaN', () => {
  const expected = new Map([
    [1, 2],
    [2, 4],
  ]);
  expect(
    largestDifference(
      new Map([
        [1, 2.1],
        [2, 4],
      ]),
      expected,
    ),
  ).toEqual({ step: 1, relative: expect.closeTo(0.05) as number });
  expect(largestDifference(new Map([[2, Number.NaN]]), expected).relative).toBeNaN();
  expect(largestDifference(new Map([[3, 1]]), expected)).toEqual({ step: 0, relative: 0 });
});
