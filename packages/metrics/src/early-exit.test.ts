import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { atThresholds, budgetCurve, exitScores, exitShares, exitThresholds } from './early-exit.ts';

interface ArrayOf {
  readonly shape: readonly [number, number, number];
  readonly data: readonly number[];
}
interface Split {
  readonly counts: readonly number[];
  readonly accuracy: number;
  readonly expectedFlops: number;
}
const fixture = JSON.parse(readFileSync(new URL('../fixtures/budget.json', import.meta.url), 'utf8')) as {
  readonly flops: readonly number[];
  readonly valLogits: ArrayOf;
  readonly valLabels: readonly number[];
  readonly testLogits: ArrayOf;
  readonly testLabels: readonly number[];
  readonly rows: readonly {
    readonly p: number;
    readonly q: number;
    readonly probs: readonly number[];
    readonly thresholds: readonly number[];
    readonly val: Split;
    readonly test: Split;
  }[];
};

const rowsOf = ({ shape: [exits, samples, classes], data }: ArrayOf): number[][][] =>
  Array.from({ length: exits }, (_, e) =>
    Array.from({ length: samples }, (__, s) =>
      data.slice((e * samples + s) * classes, (e * samples + s + 1) * classes),
    ),
  );
const validation = exitScores(rowsOf(fixture.valLogits), fixture.valLabels);
const held = exitScores(rowsOf(fixture.testLogits), fixture.testLabels);

describe.each(fixture.rows.map((row) => [row.q, row] as const))('q = %f', (q, row) => {
  test('shares, thresholds, accuracy and cost are the public ones', () => {
    const exits = fixture.flops.length;
    exitShares(q, exits).forEach((share, k) => expect(share).toBeCloseTo(row.probs[k]!, 9));
    const thresholds = exitThresholds(validation, exitShares(q, exits));
    thresholds.forEach((threshold, k) => expect(threshold / row.thresholds[k]!).toBeCloseTo(1, 6));
    for (const [scores, expected] of [
      [validation, row.val],
      [held, row.test],
    ] as const) {
      const found = atThresholds(scores, thresholds, fixture.flops);
      expect(found.counts).toEqual(expected.counts);
      expect(100 * found.accuracy).toBeCloseTo(expected.accuracy, 6);
      expect(found.cost).toBeCloseTo(expected.expectedFlops, 6);
    }
    if (row.p <= 39)
      expect(budgetCurve(validation, held, fixture.flops)[row.p - 1]!.thresholds).toEqual(thresholds);
  });
});

test('padding is left out, and what does not fit is refused', () => {
  const logits = [
    [
      [0, 1],
      [3, 0],
      [0, 2],
    ],
  ];
  const scores = exitScores(logits, [1, -1, 0]);
  expect([...scores.right[0]!]).toEqual([1, 0]);
  expect(scores.confidences[0]).toHaveLength(2);
  expect(atThresholds(scores, [-1e8], [5])).toMatchObject({ counts: [2], accuracy: 0.5, cost: 5 });
  for (const [thresholds, costs] of [
    [[1, 2], [5]],
    [[1], [5, 6]],
  ] as const)
    expect(() => atThresholds(scores, thresholds, costs)).toThrow(
      expect.objectContaining({ code: 'bad-argument' }),
    );
  expect(() => atThresholds(exitScores([[]], []), [-1e8], [5])).toThrow(/0 samples/);
});
