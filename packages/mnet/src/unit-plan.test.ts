import '../test/backend.ts';
import { Rng } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { groups, kernels, network, oracle, scoresOf, type UnitCase } from '../test/neuron-level.ts';
import { randomNetwork, randomTransformer } from '../test/random-network.ts';
import { NEURON_LEVEL } from './prune-rule.ts';
import { allUnits, livingUnits, type LooseGroup, looseGroups, unitGroups } from './unit-groups.ts';
import { costOf, floorOf, leastCost, planUnits, slimUnits, unitsBelow } from './unit-plan.ts';
import { unitScores } from './unit-scores.ts';
import { macMeasure, measured, type Measure, measuresOf, parameterMeasure } from './unit-size.ts';

const params = parameterMeasure(network, groups);
const macs = macMeasure(network, groups);

const codeOf = (code: string): unknown => expect.objectContaining({ code });

function masksBefore({ previousMasks }: UnitCase): readonly Uint8Array[] {
  return previousMasks === null
    ? allUnits(groups)
    : oracle.cases[previousMasks]!.masks.map((mask) => Uint8Array.from(mask));
}

describe('against another implementation', () => {
  test('the full network', () => {
    const full = livingUnits(allUnits(groups));
    expect(measured(params, full)).toBe(oracle.fullParams);
    expect(measured(macs, full)).toBe(oracle.fullMacs);
  });

  test.each(oracle.cases.map((unitCase) => [unitCase.name, unitCase] as const))('%s', (_, expected) => {
    const scores = unitScores(groups, kernels, scoresOf(expected.q), masksBefore(expected));
    scores.forEach((found, g) => {
      expected.scores[g]!.forEach((score, u) => {
        expect(Math.abs(found[u]! - score)).toBeLessThan(1e-5);
      });
    });
    const floor = { part: expected.floor, units: expected.floorUnits };
    const plan = planUnits(groups, scores, {
      measures: measuresOf(network, groups, { ...NEURON_LEVEL, cost: expected.cost }),
      remove: expected.rho,
      beta: expected.beta,
      floor,
    });
    expect(plan.masks.map((mask) => [...mask])).toEqual(expected.masks);
    const alive = livingUnits(plan.masks);
    expect(alive).toEqual(expected.alive);
    expect(groups.map(({ units }) => floorOf(units, floor))).toEqual(expected.minimum);
    expect([measured(params, alive), measured(macs, alive), plan.reached]).toEqual([
      expected.params,
      expected.macs,
      expected.reached,
    ]);
  });
});

describe('planUnits', () => {
  const draw = (seed: number) => {
    const random = seed % 3 === 0 ? randomTransformer(seed) : randomNetwork(seed);
    const found = unitGroups(random, random.kernels);
    const rng = Rng.fromSeed(seed).split('scores');
    const scores = found.map(({ units }) => Float64Array.from(rng.uniforms(units, 0, 2)));
    return { found, scores, measures: [parameterMeasure(random, found), macMeasure(random, found)] };
  };
  const floor = { part: 0.1, units: 1 };

  test.each(Array.from({ length: 24 }, (_, i) => i + 1))(
    'reaches the target with no unit more than needed (random network %i)',
    (seed) => {
      const { found, scores, measures } = draw(seed);
      const full = found.map(({ units }) => units);
      const value = (alive: readonly number[]): number =>
        measures.reduce((sum, m) => sum + measured(m, alive) / measured(m, full), 0) / measures.length;
      // Half of what can go at all.
      const remove = (1 - leastCost(found, measures, floor)) / 2;
      const plan = planUnits(found, scores, { measures, remove, beta: 0, floor });
      const alive = livingUnits(plan.masks);
      expect(plan.reached).toBe(true);
      expect(value(alive)).toBeLessThanOrEqual(1 - remove + 1e-9);
      expect(plan.cost).toBeCloseTo(value(alive), 9);
      alive.forEach((n, g) => expect(n).toBeGreaterThanOrEqual(floorOf(full[g]!, floor)));

      // The dead unit with the largest score went last: with it the target would be missed.
      let last = { g: -1, score: -1 };
      plan.masks.forEach((mask, g) => {
        mask.forEach((m, u) => {
          if (m === 0 && scores[g]![u]! > last.score) last = { g, score: scores[g]![u]! };
        });
      });
      expect(value(alive.map((n, g) => (g === last.g ? n + 1 : n)))).toBeGreaterThan(1 - remove);

      // Nothing that lives is worth less than what went, but for groups at their floor.
      plan.masks.forEach((mask, g) => {
        if (alive[g]! <= floorOf(full[g]!, floor)) return;
        mask.forEach((m, u) => {
          if (m === 1) expect(scores[g]![u]).toBeGreaterThanOrEqual(last.score);
        });
      });
    },
  );

  test('removes nothing when nothing is asked', () => {
    const { found, scores, measures } = draw(1);
    const plan = planUnits(found, scores, { measures, remove: 0, beta: 0, floor });
    expect(plan).toMatchObject({ cost: 1, reached: true, masks: allUnits(found) });
  });

  test('says when the floors are in the way, and stands at them', () => {
    const { found, scores, measures } = draw(2);
    const plan = planUnits(found, scores, { measures, remove: 0.999, beta: 0, floor });
    expect(plan.reached).toBe(false);
    expect(livingUnits(plan.masks)).toEqual(found.map(({ units }) => floorOf(units, floor)));
    expect(plan.cost).toBeCloseTo(leastCost(found, measures, floor), 9);
  });

  test.each([
    ['remove', { remove: 1 }],
    ['remove', { remove: Number.NaN }],
    ['beta', { beta: -1 }],
    ['floor.part', { floor: { part: 2, units: 1 } }],
    ['floor.units', { floor: { part: 0.1, units: -1 } }],
    ['no cost', { measures: [] }],
  ])('refuses %s', (what, wrong) => {
    const { found, scores, measures } = draw(1);
    const target = { measures, remove: 0.5, beta: 0, floor, ...wrong };
    expect(() => planUnits(found, scores, target)).toThrowError(codeOf('bad-argument'));
    expect(() => planUnits(found, scores, target)).toThrowError(what);
  });

  test('refuses a score that is none', () => {
    const { found, measures } = draw(1);
    const scores = found.map(({ units }) => new Float64Array(units).fill(Number.NaN));
    expect(() => planUnits(found, scores, { measures, remove: 0.5, beta: 0, floor })).toThrowError(
      codeOf('non-finite'),
    );
  });
});

describe('unitsBelow', () => {
  test('a unit dies below its share, and the best stay', () => {
    // Of the first group's 6 units two are below 0.1 x 6 = 0.6; of the second, of 8, all are, and half must stay.
    const scores = [
      Float64Array.of(0.5, 1, 2, 0.59, 0.61, 1.3),
      new Float64Array(8).map((_, u) => u / 100),
      new Float64Array(5).fill(1),
      new Float64Array(7).fill(1),
    ];
    const masks = unitsBelow(groups, scores, { delta: 0.1, kappa: 1, floor: { part: 0.5, units: 1 } });
    expect(masks.map((mask) => [...mask])).toEqual([
      [0, 1, 1, 0, 1, 1],
      [0, 0, 0, 0, 1, 1, 1, 1],
      [1, 1, 1, 1, 1],
      [1, 1, 1, 1, 1, 1, 1],
    ]);
  });

  test('the threshold never exceeds kappa', () => {
    const scores = groups.map(({ units }) => new Float64Array(units).fill(0.5));
    const all = unitsBelow(groups, scores, { delta: 1, kappa: 0.4, floor: { part: 0, units: 1 } });
    expect(all).toEqual(allUnits(groups));
  });
});

describe('slimUnits', () => {
  const within = (alive: readonly number[], found: readonly LooseGroup[], measures: readonly Measure[]) =>
    costOf(
      measures,
      alive,
      found.map(({ units }) => units),
    );

  /** Holds that `alive` is the widest uniform network of at most 1 - remove of the cost. */
  function expectWidest(
    alive: readonly number[],
    found: readonly LooseGroup[],
    measures: readonly Measure[],
    remove: number,
  ): void {
    expect(within(alive, found, measures)).toBeLessThanOrEqual(1 - remove + 1e-12);
    // One part of every group, to the nearest unit: there is a part that all of them round from.
    const several = alive.flatMap((n, g) => (n > 1 ? [(n - 0.5) / found[g]!.units] : []));
    const low = Math.max(0, ...several);
    const high = Math.min(...alive.map((n, g) => (n + 0.5) / found[g]!.units));
    expect(low).toBeLessThanOrEqual(high + 1e-12);
    // Whoever rounds up next is one unit too many.
    alive.forEach((n, g) => {
      if ((n + 0.5) / found[g]!.units > high + 1e-12) return;
      expect(within(alive.with(g, n + 1), found, measures)).toBeGreaterThan(1 - remove);
    });
  }

  test('the widest uniform network within the cost', () => {
    expectWidest(slimUnits(groups, [params], 0.5), groups, [params], 0.5);
    expect(slimUnits(groups, [params], 0)).toEqual(groups.map(({ units }) => units));
  });

  test.each(Array.from({ length: 24 }, (_, i) => i + 1))('random network %i', (seed) => {
    const random = seed % 3 === 0 ? randomTransformer(seed) : randomNetwork(seed);
    const found = looseGroups(random);
    const floor = { part: 0, units: 1 };
    for (const cost of ['params', 'macs', 'both'] as const) {
      const measures = measuresOf(random, found, { ...NEURON_LEVEL, cost });
      const most = 1 - leastCost(found, measures, floor);
      for (const part of [0.2, 0.5, 0.8]) {
        expectWidest(slimUnits(found, measures, part * most), found, measures, part * most);
      }
    }
  });
});
