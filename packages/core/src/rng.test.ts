import { describe, expect, test } from 'vitest';
import { Rng, threefry2x32 } from './rng.ts';

const draws = (rng: Rng, count: number): number[] => Array.from({ length: count }, () => rng.uint32());

describe('threefry2x32', () => {
  // The known answers for Threefry-2x32 with 20 rounds in Random123 1.09 (kat_vectors): counter, key, result.
  test.each([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x243f6a88, 0x85a308d3],
      [0x13198a2e, 0x03707344],
      [0xc4923a9c, 0x483df7a0],
    ],
  ] as const)('gives the published answer for counter %o and key %o', (counter, key, answer) => {
    expect(threefry2x32(key, counter)).toEqual(answer);
  });
});

describe('a stream', () => {
  test('depends on the whole seed', () => {
    const seeds = [0, 1, 2, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1, -1];
    const firsts = seeds.map((seed) => Rng.fromSeed(seed).uint32());
    expect(new Set(firsts).size).toBe(seeds.length);
    expect(Rng.fromSeed(5).uint32()).toBe(Rng.fromSeed(5).uint32());
  });

  test('goes on exactly where a saved state was, also in the middle of a block', () => {
    for (const before of [0, 1, 2, 7]) {
      const rng = Rng.fromSeed(3);
      draws(rng, before);
      const saved = JSON.parse(JSON.stringify(rng.state())) as ReturnType<Rng['state']>;
      expect(draws(Rng.fromState(saved), 9)).toEqual(draws(rng, 9));
    }
  });
});

describe('split', () => {
  test('depends on key and label only, and moves nothing', () => {
    const rng = Rng.fromSeed(1);
    const before = draws(rng.split('weights'), 4);
    const state = rng.state();
    rng.split('other');
    expect(rng.state()).toEqual(state);
    draws(rng, 100);
    expect(draws(rng.split('weights'), 4)).toEqual(before);
  });

  test('makes children that differ from each other and from the parent', () => {
    const parent = Rng.fromSeed(1);
    const labels = Array.from({ length: 2000 }, (_, i) => i);
    const streams = [
      parent,
      ...labels.map((i) => parent.split(i)),
      parent.split('a').split('b'),
      parent.split('b').split('a'),
    ];
    expect(new Set(streams.map((rng) => draws(rng, 2).join())).size).toBe(streams.length);
  });

  test('makes children that are not correlated', () => {
    // The mean product of two independent uniforms on [-1/2, 1/2] has standard deviation 1/12/sqrt(n).
    const n = 20_000;
    const [a, b] = [Rng.fromSeed(1).split(0), Rng.fromSeed(1).split(1)];
    let sum = 0;
    for (let i = 0; i < n; i++) sum += (a.uniform() - 0.5) * (b.uniform() - 0.5);
    expect(Math.abs(sum / n)).toBeLessThan((4 * (1 / 12)) / Math.sqrt(n));
  });
});

describe('integer', () => {
  test('hits every value equally often', () => {
    // Chi-squared with 6 degrees of freedom exceeds 22.5 once in a thousand.
    const [n, below] = [70_000, 7];
    const counts = new Array<number>(below).fill(0);
    const rng = Rng.fromSeed(11);
    for (let i = 0; i < n; i++) counts[rng.integer(below)]!++;
    const chi2 = counts.reduce((sum, count) => sum + (count - n / below) ** 2 / (n / below), 0);
    expect(chi2).toBeLessThan(22.5);
  });

  test('has no bias where 2^32 is far from a multiple', () => {
    // Taking the remainder alone, values below 2^30 would come up half the time instead of a third.
    const rng = Rng.fromSeed(12);
    const n = 30_000;
    let low = 0;
    for (let i = 0; i < n; i++) if (rng.integer(3 * 2 ** 30) < 2 ** 30) low++;
    expect(Math.abs(low / n - 1 / 3)).toBeLessThan(0.011);
  });

  test.each([0, -1, 1.5, 2 ** 32 + 1, Number.NaN])('refuses the bound %d', (below) => {
    expect(() => Rng.fromSeed(1).integer(below)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });

  test('takes the whole range and the smallest', () => {
    expect(Rng.fromSeed(1).integer(2 ** 32)).toBe(Rng.fromSeed(1).uint32());
    expect(Rng.fromSeed(1).integer(1)).toBe(0);
  });
});

describe('normals', () => {
  test('have the moments of the normal distribution', () => {
    const n = 100_000;
    const z = [...Rng.fromSeed(2).normals(n, 2)].map((v) => v / 2);
    const moment = (k: number): number => z.reduce((sum, v) => sum + v ** k, 0) / n;
    // Standard errors: 1, sqrt(2), sqrt(15) and sqrt(96) over sqrt(n); four of them are allowed.
    expect(Math.abs(moment(1))).toBeLessThan(4 / Math.sqrt(n));
    expect(Math.abs(moment(2) - 1)).toBeLessThan((4 * Math.sqrt(2)) / Math.sqrt(n));
    expect(Math.abs(moment(3))).toBeLessThan((4 * Math.sqrt(15)) / Math.sqrt(n));
    expect(Math.abs(moment(4) - 3)).toBeLessThan((4 * Math.sqrt(96)) / Math.sqrt(n));
  });

  test('come in any count, and neighbours are not correlated', () => {
    expect(Rng.fromSeed(1).normals(5, 1)).toHaveLength(5);
    const z = Rng.fromSeed(4).normals(50_000, 1);
    let sum = 0;
    for (let i = 1; i < z.length; i++) sum += z[i]! * z[i - 1]!;
    expect(Math.abs(sum / z.length)).toBeLessThan(4 / Math.sqrt(z.length));
  });
});

test('uniforms stay between their bounds and fill them', () => {
  const values = Rng.fromSeed(9).uniforms(10_000, -3, 5);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(-3);
  expect(Math.min(...values)).toBeLessThan(-2.9);
  expect(Math.max(...values)).toBeLessThanOrEqual(5);
  expect(Math.max(...values)).toBeGreaterThan(4.9);
});

test('permutation is one, and every order of three comes up equally often', () => {
  expect([...Rng.fromSeed(1).permutation(1000)].sort((a, b) => a - b)).toEqual([...Array(1000).keys()]);
  const counts = new Map<string, number>();
  const rng = Rng.fromSeed(6);
  for (let i = 0; i < 6000; i++) {
    const order = [...rng.permutation(3)].join();
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  // Chi-squared with 5 degrees of freedom exceeds 20.5 once in a thousand.
  const chi2 = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  expect(counts.size).toBe(6);
  expect(chi2).toBeLessThan(20.5);
});

test.each([
  null,
  undefined,
  {},
  [],
  { key: null, position: 0 },
  { key: [1], position: 0 },
  { key: [1, 2 ** 32], position: 0 },
  { key: [1, -1], position: 0 },
  { key: [1, '2'], position: 0 },
  { key: [1, 2], position: 0.5 },
  { key: [1, 2], position: 1e300 },
])('refuses %j, which is no state', (state) => {
  expect(() => Rng.fromState(state as never)).toThrow(expect.objectContaining({ code: 'bad-file' }));
});
