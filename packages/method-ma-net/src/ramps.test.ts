import { expect, test } from 'vitest';
import { competitionAt, masksMayChange, progress, removedAt } from './ramps.ts';

const ramp = { plain: 100, budget: 300, ramp: 0.7 };

test('progress runs from 0 at the end of the plain phase to 1 at 70 % of the modulated phase', () => {
  expect([0, 100, 170, 240, 300].map((b) => progress(b, ramp))).toEqual([0, 0, 0.5, 1, 1]);
  expect(progress(5, { plain: 300, budget: 300, ramp: 0.7 })).toBe(0);
});

test('competition grows linearly, the removed part fast at first', () => {
  expect(competitionAt(170, ramp, 2)).toBe(1);
  // 0.5 (1 - (1 - 0.5)^3) = 0.5 * 0.875.
  expect(removedAt(170, ramp, 0.5)).toBeCloseTo(0.4375, 12);
  expect(removedAt(300, ramp, 0.5)).toBe(0.5);
});

test('masks freeze at three quarters of the modulated phase', () => {
  expect([100, 250, 251].map((b) => masksMayChange(b, ramp, 0.75))).toEqual([true, true, false]);
});
