import { cpu } from '@ma-net/backend-cpu';
import { Rng, startBackend } from '@ma-net/core';
import { beforeAll, describe, expect, test } from 'vitest';
import { zerosOf } from './architecture.ts';
import { genotypeJson, parseGenotype } from './genotype.ts';
import { nextGeneration } from './lid/evolution.ts';
import { dividedPlaces, readAllowed, uploadAllowed } from './lid/places.ts';
import {
  type Allowed,
  chosen,
  crossedPath,
  everything,
  genotypeOfPath,
  isWithin,
  LEFT_OUT,
  mutatedPath,
  pathOf,
  pathShapes,
  randomPath,
  readPath,
  readTried,
  type TriedPath,
  triedShapes,
  uploadPath,
  withTried,
} from './paths.ts';
import { spaceOf } from './space.ts';
import type { Path } from './space.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const apart = (one: Path, other: Path): number =>
  Object.entries(one).reduce(
    (sum, [cell, row]) => sum + row.filter((o, e) => o !== other[cell]![e]).length,
    0,
  );

describe.each(['darts', 'nas-bench-201'] as const)('paths of %s', (name) => {
  const space = spaceOf(name);
  const all = everything(space);
  const isPath = (path: Path): void => {
    expect(Object.keys(path)).toEqual(space.cells);
    for (const row of Object.values(path))
      for (const node of new Set(space.edges.map(({ to }) => to))) {
        const ending = space.edges.flatMap(({ to }, e) => (to === node ? [e] : []));
        const there = ending.filter((e) => row[e] !== LEFT_OUT);
        expect(there).toHaveLength(Math.min(ending.length, space.inputs ?? Infinity));
      }
  };

  test('are genotypes, drawn from what is allowed, over the edge that is asked for', () => {
    const rng = Rng.fromSeed(1);
    for (let i = 0; i < 30; i++) {
      const over = { cell: space.cells[i % space.cells.length]!, edge: i % space.edges.length };
      const few: Allowed = { ...all, [over.cell]: all[over.cell]!.with(over.edge, [1, 3]) };
      const path = randomPath(space, few, rng, over);
      isPath(path);
      expect([1, 3]).toContain(path[over.cell]![over.edge]);
      expect(isWithin(path, few)).toBe(true);
      expect(isWithin({ ...path, [over.cell]: path[over.cell]!.with(over.edge, 2) }, few)).toBe(false);
      const genotype = genotypeOfPath(space, path);
      expect(parseGenotype(genotypeJson(genotype), name)).toEqual(genotype);
      expect(pathOf(space, genotype)).toEqual(path);
    }
  });

  test('are changed and mixed at some places, or at none, or at all', () => {
    const rng = Rng.fromSeed(2);
    const [one, other] = [randomPath(space, all, rng), randomPath(space, all, rng)];
    expect(mutatedPath(space, one, 0, rng)).toEqual(one);
    expect(crossedPath(space, one, other, 0, rng)).toEqual(one);
    expect(crossedPath(space, one, other, 1, rng)).toEqual(other);
    for (let i = 0; i < 20; i++) {
      const [changed, mixed] = [mutatedPath(space, one, 0.5, rng), crossedPath(space, one, other, 0.5, rng)];
      isPath(changed);
      isPath(mixed);
      for (const [cell, row] of Object.entries(mixed))
        expect(row.every((o, e) => o === one[cell]![e] || o === other[cell]![e])).toBe(true);
    }
    const always = mutatedPath(space, one, 1, rng);
    isPath(always);
    for (const [cell, row] of Object.entries(always))
      for (const [e, o] of row.entries()) if (o !== LEFT_OUT) expect(o).not.toBe(one[cell]![e]);
  });

  test('are kept as tensors', async () => {
    const rng = Rng.fromSeed(3);
    const paths = [0, 1, 2].map(() => randomPath(space, all, rng));
    expect(await readPath(space, uploadPath(space, paths[0]))).toEqual(paths[0]);
    expect(Object.keys(uploadPath(space))).toEqual(Object.keys(pathShapes(space)));
    const weights = chosen(space, uploadPath(space, paths[1]));
    for (const cell of space.cells) {
      const found = [...(await weights[`weights.${cell}`]!.data())];
      const kept = paths[1]![cell]!.flatMap((o) => space.operations.map((_, k) => Number(k === o)));
      expect(found).toEqual(kept);
    }
    let tried = await withTried(space, zerosOf(triedShapes(space, 3)), 1, { paths: paths.slice(1) });
    tried = await withTried(space, tried, 0, { paths: paths.slice(0, 1), scores: [1, 2] });
    const read = await readTried(space, tried, 3);
    expect(read).toEqual(paths.map((path, i) => ({ path, score: [1, 2, 0][i] })));
  });

  test('evolve: children of the best are better, and nothing is tried twice', () => {
    const options = { population: 10, keep: 0.2, crossover: 0.4, mutation: 0.4, geneChance: 0.1 };
    const wanted = randomPath(space, all, Rng.fromSeed(9));
    const worth = (path: Path): number => -apart(path, wanted);
    const run = (children: boolean): number => {
      const tried: TriedPath[] = [];
      for (let generation = 0; generation < 12; generation++) {
        const rng = Rng.fromSeed(4).split(generation);
        const known = children ? tried : [];
        const next = nextGeneration(space, known, options, rng);
        expect(next).toHaveLength(10);
        expect(nextGeneration(space, known, options, Rng.fromSeed(4).split(generation))).toEqual(next);
        tried.push(...next.map((path) => ({ path, score: worth(path) })));
      }
      if (children) expect(new Set(tried.map(({ path }) => JSON.stringify(path))).size).toBe(120);
      return Math.max(...tried.map(({ score }) => score));
    };
    expect(run(true)).toBeGreaterThan(run(false));
  });

  test('belong to one half or the other of what was divided', async () => {
    const cell = space.cells[0]!;
    const whole = [all, all, all, all];
    const once = dividedPlaces(whole, { at: 0, places: 4 }, { cell, edge: 2 }, [
      [0, 2],
      [1, 3, 4],
    ]);
    const twice = dividedPlaces(once, { at: 2, places: 2 }, { cell, edge: 0 }, [[4], [0, 1, 2, 3]]);
    expect(await readAllowed(space, uploadAllowed(space, twice))).toEqual(twice);
    expect(twice.map((place) => [place[cell]![0]!.length, place[cell]![2]])).toEqual([
      [space.operations.length, [0, 2]],
      [space.operations.length, [0, 2]],
      [1, [1, 3, 4]],
      [4, [1, 3, 4]],
    ]);
  });
});
