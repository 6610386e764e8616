import { describe, expect, test } from 'vitest';
import { initialValues, kaimingFanOut, ones, uniformFanIn, xavierUniform, zeros } from './init.ts';
import { Rng } from './rng.ts';

const rng = (): Rng => Rng.fromSeed(1);
const deviation = (values: Float32Array): number =>
  Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);

test('constants are constant', () => {
  expect([...initialValues(zeros, [2, 2], rng())]).toEqual([0, 0, 0, 0]);
  expect([...initialValues(ones, [3], rng())]).toEqual([1, 1, 1]);
});

test('Kaiming counts what leaves a channel: sqrt(2 / (3 * 3 * 64))', () => {
  const values = initialValues(kaimingFanOut([3, 3, 16, 64]), [3, 3, 16, 64], rng());
  const expected = Math.sqrt(2 / 576);
  // A sample deviation of n normals is off by 1 / sqrt(2 n) of itself; four times that is allowed.
  expect(Math.abs(deviation(values) / expected - 1)).toBeLessThan(4 / Math.sqrt(2 * values.length));
});

test.each([
  ['Xavier', xavierUniform(30, 70), Math.sqrt(6 / 100)],
  ['fan-in', uniformFanIn(25), 0.2],
])('%s fills its bounds evenly', (_, init, limit) => {
  const values = initialValues(init, [100, 100], rng());
  expect(Math.max(...values)).toBeLessThanOrEqual(Math.fround(limit));
  expect(Math.max(...values)).toBeGreaterThan(0.99 * limit);
  expect(Math.min(...values)).toBeLessThan(-0.99 * limit);
  // A uniform on [-l, l] has deviation l / sqrt(3).
  expect(Math.abs((deviation(values) * Math.sqrt(3)) / limit - 1)).toBeLessThan(0.02);
});

test('truncated normals stay within two deviations and keep their shape', () => {
  const values = initialValues({ kind: 'truncated-normal', std: 0.02 }, [20_000], rng());
  expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(0.04);
  // The deviation of a normal cut at +-2 is sqrt(1 - 4 pdf(2) / (2 cdf(2) - 1)) = 0.87962.
  expect(deviation(values) / 0.02).toBeCloseTo(0.8796, 1);
  expect(Math.abs(deviation(values) / 0.02 / 0.87962 - 1)).toBeLessThan(0.02);
});

describe('orthogonal', () => {
  const gram = (
    values: Float32Array,
    rows: number,
    columns: number,
    first: number,
    width: number,
  ): number[] =>
    Array.from({ length: width * width }, (_, ij) => {
      const [i, j] = [first + Math.floor(ij / width), first + (ij % width)];
      let sum = 0;
      for (let r = 0; r < rows; r++) sum += values[r * columns + i]! * values[r * columns + j]!;
      return sum;
    });
  const identity = (n: number): number[] =>
    Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));

  test.each([
    [6, 6],
    [9, 4],
  ])('[%d, %d] has orthonormal columns', (rows, columns) => {
    const values = initialValues({ kind: 'orthogonal' }, [rows, columns], rng());
    gram(values, rows, columns, 0, columns).forEach((v, i) => {
      expect(v).toBeCloseTo(identity(columns)[i]!, 5);
    });
  });

  test('[5, 20] is four square blocks, each orthogonal by itself, all different', () => {
    const values = initialValues({ kind: 'orthogonal' }, [5, 20], rng());
    for (const block of [0, 1, 2, 3]) {
      gram(values, 5, 20, 5 * block, 5).forEach((v, i) => {
        expect(v).toBeCloseTo(identity(5)[i]!, 5);
      });
    }
    expect(new Set([0, 5, 10, 15].map((column) => values[column])).size).toBe(4);
  });
});
