import { type Network, Rng } from '@ma-net/core';
import { countMacs, countParameters } from '@ma-net/metrics';
import { describe, expect, test } from 'vitest';
import { budgetOf, drawn, genotypeWithin, type Limits, unlimited } from './budget.ts';
import { dartsNetwork } from './darts-network.ts';
import { type Genotype, genotypeJson } from './genotype.ts';
import { askNext } from './hot/ask.ts';
import { Distances } from './hot/distance.ts';
import { nextGeneration } from './lid/evolution.ts';
import { nasBench201Network } from './nas-bench-201-network.ts';
import { everything, genotypeOfPath, mutatedPath, pathOf, randomPath } from './paths.ts';
import { answered, candidatesOf, genotypeOfProjection, openProjection, questionsOf } from './perturbation.ts';
import { crowdedNodes } from './perturbation.ts';
import { type Path, spaceOf, type Table } from './space.ts';
import { supernet } from './supernet.ts';

const images = { numClasses: 3, inputShape: [16, 16, 1] } as const;
const build = (genotype: Genotype): Network =>
  genotype.space === 'darts'
    ? dartsNetwork('n', { genotype: genotypeJson(genotype), channels: 4, layers: 3 }, images)
    : nasBench201Network('n', { genotype: genotypeJson(genotype), channels: 4, cells: 1 }, images);

describe.each(['darts', 'nas-bench-201'] as const)('a budget of %s', (name) => {
  const space = spaceOf(name);
  const all = everything(space);
  const any = (rng: Rng): Path => randomPath(space, all, rng);
  const countOf = (path: Path): { readonly params: number; readonly macs: number } => {
    const network = build(genotypeOfPath(space, path));
    return { params: countParameters(network).total, macs: countMacs(network) };
  };
  const worthOf = (rng: Rng): Table =>
    Object.fromEntries(
      space.cells.map((cell) => [
        cell,
        space.edges.map(() => [...rng.uniforms(space.operations.length, 0, 1)]),
      ]),
    );
  const budget = (limits: Limits) => budgetOf(space, limits, build);
  const smallest = ((): { params: number; macs: number } => {
    const free = space.operations.indexOf('avg_pool_3x3');
    const pools: Record<string, number[][]> = {};
    for (const cell of space.cells) pools[cell] = space.edges.map(() => [free]);
    return countOf(randomPath(space, pools, Rng.fromSeed(0)));
  })();
  /** Limits that leave a third of what a random network has above the smallest one. */
  const tight = (of: keyof Limits): Limits => {
    const some = [1, 2, 3].map((seed) => countOf(any(Rng.fromSeed(seed)))[of]);
    return { [of]: Math.floor(smallest[of] + (Math.max(...some) - smallest[of]) / 3) };
  };
  const meets = (path: Path, limits: Limits): void => {
    const count = countOf(path);
    for (const [of, most] of Object.entries(limits) as [keyof Limits, number][])
      expect(count[of]).toBeLessThanOrEqual(most);
  };

  test('counts exactly: a network fits its own size, and nothing less', () => {
    for (let seed = 0; seed < 12; seed++) {
      const path = any(Rng.fromSeed(seed));
      const { params, macs } = countOf(path);
      expect(budget({ params, macs }).fits(path)).toBe(true);
      if (params > smallest.params) expect(budget({ params: params - 1 }).fits(path)).toBe(false);
      if (macs > smallest.macs) expect(budget({ macs: macs - 1 }).fits(path)).toBe(false);
    }
  });

  test('that nothing meets is refused, with the smallest network', () => {
    const { params, macs } = smallest;
    for (const limits of [{ params: params - 1 }, { macs: macs - 1 }, { params, macs: macs - 1 }])
      expect(() => budget(limits)).toThrow(
        expect.objectContaining({
          code: 'bad-argument',
          message: expect.stringContaining(
            `the smallest one has ${params} parameters and ${macs} multiply`,
          ) as string,
        }),
      );
    expect(() =>
      supernet('s', { space: name, channels: 4, layers: 3, budget: { params: 10 } }, images),
    ).toThrow(/smallest one/);
    // The smallest one alone is found, whatever is worth most.
    const least = budget({ params, macs });
    const found = genotypeWithin(space, least, worthOf(Rng.fromSeed(1)));
    expect(countOf(pathOf(space, found))).toEqual(smallest);
  });

  test.each(['params', 'macs'] as const)('of %s holds for what is found, tried and drawn', (of) => {
    const limits = tight(of);
    const own = budget(limits);
    let changed = 0;
    for (let seed = 0; seed < 6; seed++) {
      const rng = Rng.fromSeed(seed).split('draws');
      const weights = worthOf(rng);
      const genotype = space.genotypeOf(weights);
      const found = genotypeWithin(space, own, weights);
      meets(pathOf(space, found), limits);
      if (own.fits(pathOf(space, genotype))) expect(found).toEqual(genotype);
      else changed++;
      expect(genotypeWithin(space, unlimited, weights)).toEqual(genotype);
      meets(
        drawn(
          space,
          own,
          rng,
          () => any(rng),
          () => true,
        ),
        limits,
      );
      // Where nothing that is drawn fits.
      const large = pathOf(space, genotype);
      if (!own.fits(large))
        meets(
          drawn(
            space,
            own,
            rng,
            () => large,
            () => true,
          ),
          limits,
        );
    }
    expect(changed).toBeGreaterThan(0);
    const options = { population: 8, keep: 0.5, crossover: 0.4, mutation: 0.4, geneChance: 0.3 };
    const first = nextGeneration(space, [], options, Rng.fromSeed(1), own);
    const tried = first.map((path, i) => ({ path, score: i }));
    for (const path of [...first, ...nextGeneration(space, tried, options, Rng.fromSeed(2), own)])
      meets(path, limits);
    const asking = { distances: new Distances(1e-3), layers: 3, rng: Rng.fromSeed(3), budget: own };
    const ask = { first: 3, mutations: 2, others: 1, kernel: 'exp', noise: 1e-3 } as const;
    meets(pathOf(space, askNext(space, [], asking, ask)), limits);
  });

  test('keeps what is worth most for what it costs', () => {
    const own = budget(tight('params'));
    const [cell] = space.cells as [string];
    const free = space.operations.indexOf('avg_pool_3x3');
    // A network that does not fit, and an operation of it that would by itself.
    const rng = Rng.fromSeed(5);
    const alone = (path: Path, kept: number): Path =>
      Object.fromEntries(
        Object.entries(path).map(([c, row]) => [
          c,
          row.map((o, e) => (o === -1 || (c === cell && e === kept) ? o : free)),
        ]),
      );
    const costs = (path: Path, e: number): boolean =>
      /conv/.test(space.operations[path[cell]![e]!] ?? '') && own.fits(alone(path, e));
    let [path, dear] = [any(rng), -1];
    while (own.fits(path) || dear === -1) {
      path = any(rng);
      dear = space.edges.findIndex((_, e) => costs(path, e));
    }
    const worth = Object.fromEntries(
      space.cells.map((c) => [
        c,
        space.edges.map((_, e) =>
          space.operations.map((__, o) => Number(c === cell && e === dear && o === path[c]![e])),
        ),
      ]),
    );
    const found = own.within(path, worth);
    expect(found[cell]![dear]).toBe(path[cell]![dear]);
    expect(own.fits(found)).toBe(true);
    expect(own.within(found, worth)).toBe(found);
  });

  test('is kept in mind by every decision of a selection', () => {
    const limits = tight('params');
    const own = budget(limits);
    for (let seed = 0; seed < 5; seed++) {
      const rng = Rng.fromSeed(seed);
      const order = (places: readonly number[]) =>
        Object.fromEntries(
          space.cells.map((cell) => [cell, Array.from(rng.permutation(places.length), (i) => places[i]!)]),
        );
      const questions = questionsOf(space, {
        edges: order([...space.edges.keys()]),
        nodes: order(crowdedNodes(space)),
      }).flat();
      let projection = openProjection(space);
      for (const question of questions) {
        const scores = [...rng.uniforms(candidatesOf(space, question).length, 0, 1)];
        projection = answered(space, projection, question, scores, own);
        expect(own.couldFit(projection)).toBe(true);
      }
      meets(pathOf(space, genotypeOfProjection(space, projection)), limits);
    }
  });

  test('is met by changed networks as well', () => {
    const own = budget(tight('macs'));
    const rng = Rng.fromSeed(8);
    const make = (): Path => mutatedPath(space, any(rng), 0.5, rng);
    meets(
      drawn(space, own, rng, make, () => false),
      tight('macs'),
    );
  });
});
