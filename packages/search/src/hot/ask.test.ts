import { Rng } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { type Genotype, genotypeJson, parseGenotype } from '../genotype.ts';
import { spaceOf } from '../space.ts';
import { askNext, mutated, randomGenotype, type Tried } from './ask.ts';
import { Distances } from './distance.ts';

const options = { first: 4, mutations: 4, others: 1, kernel: 'exp', noise: 1e-3 } as const;
const same = (a: unknown, b: unknown): number => Number(JSON.stringify(a) === JSON.stringify(b));

describe.each(['darts', 'nas-bench-201'] as const)('networks of %s', (name) => {
  const space = spaceOf(name);

  test('are drawn whole, and changed at one place', () => {
    const rng = Rng.fromSeed(1);
    for (let i = 0; i < 30; i++) {
      const genotype = randomGenotype(space, rng);
      expect(parseGenotype(genotypeJson(genotype), name)).toEqual(genotype);
      const other = mutated(space, genotype, rng);
      expect(parseGenotype(genotypeJson(other), name)).toEqual(other);
      const places = (one: Genotype) => (one.space === 'darts' ? [...one.normal, ...one.reduce] : one.cell);
      const kept = places(genotype).filter((place, k) => same(place, places(other)[k]) === 1);
      expect(kept).toHaveLength(places(genotype).length - 1);
      if (other.space === 'darts')
        for (const cell of [other.normal, other.reduce])
          for (let k = 0; k < 8; k += 2) expect(cell[k]![1]).not.toBe(cell[k + 1]![1]);
    }
  });
});

test('the next network is another one, and better ones are found than at random', () => {
  const space = spaceOf('nas-bench-201');
  // How many 3x3 convolutions there are: near a good network there are better ones.
  const worth = (genotype: Genotype): number =>
    genotype.space === 'darts' ? 0 : genotype.cell.filter((op) => op === 'nor_conv_3x3').length;
  const run = (guided: boolean, seed: number): number => {
    const distances = new Distances(1e-3);
    const tried: Tried[] = [];
    while (tried.length < 9) {
      const rng = Rng.fromSeed(seed).split(tried.length);
      const first = guided ? options.first : Infinity;
      const genotype = askNext(space, tried, { distances, layers: 3, rng }, { ...options, first });
      expect(tried.some((one) => same(one.genotype, genotype) === 1)).toBe(false);
      tried.push({ genotype, score: worth(genotype) });
    }
    return Math.max(...tried.map(({ score }) => score));
  };
  const seeds = [1, 2];
  const sum = (guided: boolean): number => seeds.reduce((total, seed) => total + run(guided, seed), 0);
  expect(sum(true)).toBeGreaterThan(sum(false));
});
