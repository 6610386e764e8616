import { Rng } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { kernelsOf, readUnits } from '../test/oracle.ts';
import { type HostScores, masksOf, thresholds } from './thresholds.ts';

const units = readUnits();
const named = (list: readonly { readonly data: readonly number[] }[]): HostScores =>
  Object.fromEntries(list.map(({ data }, l) => [`layer${l}`, Float32Array.from(data)]));
const codeOf = (code: string): unknown => expect.objectContaining({ code });

describe('thresholds', () => {
  test('delta mode agrees with the oracle', () => {
    const { shapes, q, delta, kappa, thresholds: expected, mask } = units.delta;
    const kernels = kernelsOf(shapes);
    const thetas = thresholds(kernels, named(q), { mode: 'delta', delta, kappa });
    expect(thetas).toEqual(expected);
    const masks = masksOf(kernels, named(q), thetas);
    mask.forEach(({ data }, l) => expect([...masks[`layer${l}`]!]).toEqual(data));
  });

  test('delta mode is capped where the average itself is under delta', () => {
    const [wide] = kernelsOf([[2048, 1, 1]]);
    const q = { layer0: new Float32Array(2048).fill(1) };
    expect(thresholds([wide!], q, { mode: 'delta', delta: 1e-3, kappa: 0.5 })).toEqual([0.5]);
  });

  test('target mode agrees with the oracle', () => {
    const { frac, thresholds: expected, mask } = units.target;
    const kernels = kernelsOf(units.delta.shapes);
    const thetas = thresholds(kernels, named(units.delta.q), { mode: 'target', removeModulated: frac });
    thetas.forEach((theta, l) => expect(theta).toBeCloseTo(expected[l]!, 7));
    const masks = masksOf(kernels, named(units.delta.q), thetas);
    mask.forEach(({ data }, l) => expect([...masks[`layer${l}`]!]).toEqual(data));
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'target mode removes what was asked for, and no more (seed %i)',
    (seed) => {
      const rng = Rng.fromSeed(seed);
      const kernels = kernelsOf(
        Array.from(
          { length: 2 + rng.integer(3) },
          () => [3 + rng.integer(12), 3 + rng.integer(12), 1 + 2 * rng.integer(3)] as const,
        ),
      );
      const scores = Object.fromEntries(
        kernels.map((k) => [k.param, rng.uniforms(k.preNeurons * k.postNeurons, 0, 2)]),
      );
      const total = kernels.reduce((sum, k) => sum + k.preNeurons * k.postNeurons * k.area, 0);
      const largest = Math.max(...kernels.map((k) => k.area));
      for (const removeModulated of [0, 0.1, 0.5, 0.93]) {
        const thetas = thresholds(kernels, scores, { mode: 'target', removeModulated });
        const masks = masksOf(kernels, scores, thetas);
        const removed = kernels.reduce(
          (sum, k) => sum + k.area * masks[k.param]!.reduce((dead, m) => dead + (1 - m), 0),
          0,
        );
        expect(removed).toBeLessThanOrEqual(removeModulated * total);
        expect(removeModulated * total - removed).toBeLessThan(largest);
      }
    },
  );

  test('target mode is the definition: sort everything, count areas, take the next score', () => {
    const kernels = kernelsOf([
      [2, 2, 3],
      [3, 1, 1],
    ]);
    const scores = named([{ data: [0.4, 0.1, 0.9, 0.3] }, { data: [0.2, 0.35, 0.05] }]);
    // Ascending: .05 (1) .1 (9) .2 (1) .3 (9) .35 (1) .4 (9) .9 (9), 39 in all. Up to 20 fit .05 .1 .2 .3.
    expect(thresholds(kernels, scores, { mode: 'target', removeModulated: 20 / 39 })[0]).toBeCloseTo(0.35, 6);
    // Nothing fits into less than the first area.
    expect(thresholds(kernels, scores, { mode: 'target', removeModulated: 0.9 / 39 })).toEqual([0, 0]);
  });

  test.each([1, 2, 3, 4, 5, 6])('target mode equals sorting, with ties and any sign (seed %i)', (seed) => {
    const rng = Rng.fromSeed(seed);
    const kernels = kernelsOf([
      [5, 8, 3],
      [7, 6, 1],
      [4, 4, 2],
    ]);
    // Few values, so that ties cross layers of different areas; seed 1 has none.
    const grain = seed === 1 ? 2 ** 20 : 4 + seed;
    const draw = (): number => Math.fround((rng.integer(grain) - grain / 3) / grain);
    const scores = Object.fromEntries(
      kernels.map((k) => [k.param, Float32Array.from({ length: k.preNeurons * k.postNeurons }, draw)]),
    );
    const sorted = kernels
      .flatMap((k) => [...scores[k.param]!].map((score) => ({ score, area: k.area })))
      .sort((a, b) => a.score - b.score);
    const total = sorted.reduce((sum, { area }) => sum + area, 0);
    for (const removeModulated of [0, 0.05, 0.3, 0.5, 0.77, 0.99]) {
      let sum = 0;
      const n = sorted.findIndex(({ area }) => (sum += area) > removeModulated * total);
      const expected = masksOf(
        kernels,
        scores,
        kernels.map(() => (n === 0 ? -Infinity : sorted[n]!.score)),
      );
      const thetas = thresholds(kernels, scores, { mode: 'target', removeModulated });
      expect(masksOf(kernels, scores, thetas)).toEqual(expected);
    }
  });

  test('ties share their fate', () => {
    const kernels = kernelsOf([[4, 1, 1]]);
    const scores = named([{ data: [0.5, 0.5, 0.5, 1] }]);
    const thetas = thresholds(kernels, scores, { mode: 'target', removeModulated: 0.5 });
    expect([...masksOf(kernels, scores, thetas)['layer0']!]).toEqual([1, 1, 1, 1]);
  });

  test.each([
    [{ mode: 'target', removeModulated: 1 }],
    [{ mode: 'target', removeModulated: -0.1 }],
    [{ mode: 'target', removeModulated: Number.NaN }],
    [{ mode: 'delta', delta: 1.5, kappa: 0.5 }],
    [{ mode: 'delta', delta: -1, kappa: 0.5 }],
    [{ mode: 'delta', delta: 1e-3, kappa: 1.2 }],
    [{ mode: 'delta', delta: 1e-3, kappa: 0 }],
  ] as const)('refuses %j', (rule) => {
    const kernels = kernelsOf(units.delta.shapes);
    expect(() => thresholds(kernels, named(units.delta.q), rule)).toThrowError(codeOf('bad-argument'));
  });

  test('refuses scores of another network, and scores that are no numbers', () => {
    const kernels = kernelsOf([[2, 2, 1]]);
    const rule = { mode: 'target', removeModulated: 0.5 } as const;
    expect(() => thresholds(kernels, {}, rule)).toThrowError(codeOf('network-mismatch'));
    expect(() => thresholds(kernels, { layer0: new Float32Array(3) }, rule)).toThrowError(
      codeOf('network-mismatch'),
    );
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      const broken = { layer0: Float32Array.of(1, value, 1, 1) };
      expect(() => thresholds(kernels, broken, rule)).toThrowError(codeOf('non-finite'));
      expect(() => thresholds(kernels, broken, rule)).toThrowError(/"layer0"/);
    }
  });
});
