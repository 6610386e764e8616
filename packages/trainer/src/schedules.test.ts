import { expect, test } from 'vitest';
import { learningRateAt } from './schedules.ts';

test('cosine, steps, and warm-up', () => {
  const cosine = { name: 'cosine' } as const;
  expect([0, 50, 100].map((b) => learningRateAt(cosine, 0.1, b, 100))).toEqual([
    0.1,
    expect.closeTo(0.05, 12),
    expect.closeTo(0, 12),
  ]);
  const floored = { name: 'cosine', lowest: 0.02 } as const;
  expect([0, 50, 100].map((b) => learningRateAt(floored, 0.1, b, 100))).toEqual([
    0.1,
    expect.closeTo(0.06, 12),
    expect.closeTo(0.02, 12),
  ]);
  const steps = { name: 'steps', at: [0.5, 0.75], factor: 0.1 } as const;
  expect([0, 49, 50, 75].map((b) => learningRateAt(steps, 1, b, 100))).toEqual([
    1,
    1,
    0.1,
    expect.closeTo(0.01, 12),
  ]);
  const warm = { name: 'constant', warmup: 4 } as const;
  expect([0, 1, 2, 3, 4].map((b) => learningRateAt(warm, 1, b, 100))).toEqual([0.25, 0.5, 0.75, 1, 1]);
});
