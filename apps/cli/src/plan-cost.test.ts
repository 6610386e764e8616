import { expect, test } from 'vitest';
import { costsMost } from './plan-cost.ts';

test.each([
  [0.9, 0.5, 'larger', false],
  [0.9, 0.44, 'larger', true],
  [0.9, 0.95, 'larger', false],
  [0.2, 0.39, 'smaller', false],
  [0.2, 0.41, 'smaller', true],
  [0.2, 0.1, 'smaller', false],
] as const)('from %d to %d, where %s is better: %s', (before, after, better, most) => {
  expect(costsMost(before, after, better)).toBe(most);
});
