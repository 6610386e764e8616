import { describe, expect, test } from 'vitest';
import { grouped, readRun } from './read-run.ts';
import { firstOfGroups, methodRows, reportFigures } from './figures.ts';
import { lines, recipe, writeRun } from '../test/run-files.ts';

const run = (method: string, seed: number, top1: number) =>
  readRun(
    writeRun({
      recipe: { ...recipe, seed, method: { use: `p#${method}` } },
      lines: lines.map((line) => ('measures' in line ? { ...line, measures: { top1 } } : line)),
    }),
  );
const inside = {
  headline: 'top1',
  proportion: true,
  layers: [],
  alive: 50,
  parameters: 100,
  macs: 10,
  milliseconds: 2,
};

describe('methodRows', () => {
  test('means over seeds, with the interval of Student: 0.5 and 0.6 are 0.55 +- 12.706 * 0.05', () => {
    const runs = grouped([run('a', 0, 0.5), run('a', 1, 0.6), run('b', 0, 0.9)]).map((one) => ({
      ...one,
      inside,
    }));
    const { measure, rows } = methodRows(runs);
    expect(measure).toBe('top1');
    expect(rows[0]).toMatchObject({
      group: 'a',
      runs: 2,
      value: 0.55,
      over: 'seeds',
      alive: 50,
      parameters: 100,
      macs: 10,
      milliseconds: 2,
    });
    // Clipped: a measure is a part of a whole.
    expect(rows[0]!.interval).toEqual([0, 1]);
    expect(rows[1]).toMatchObject({ group: 'b', runs: 1, over: 'samples' });
    // Wilson's, of 90 of 100.
    expect(rows[1]!.interval![0]).toBeCloseTo(0.8256, 3);
    expect(rows[1]!.interval![1]).toBeCloseTo(0.9448, 3);
  });

  test('narrow intervals are not clipped', () => {
    const { rows } = methodRows(grouped([run('a', 0, 0.55), run('a', 1, 0.551)]));
    expect(rows[0]!.interval![1] - rows[0]!.interval![0]).toBeCloseTo(2 * 12.706 * 0.0005, 4);
    expect(rows[0]).not.toHaveProperty('parameters');
  });

  test('has no interval of a measure that is no part of the samples, and no row of what was not measured', () => {
    const [one] = grouped([run('a', 0, 0.5)]);
    expect(methodRows([{ ...one!, inside: { ...inside, proportion: false } }]).rows[0]).not.toHaveProperty(
      'interval',
    );
    expect(methodRows([{ ...one!, measures: {} }]).rows).toEqual([]);
  });
});

test('reportFigures have names that are safe in links and files, each once', () => {
  const [one] = grouped([run('a', 0, 0.5)]);
  const odd = {
    ...one!,
    terms: { ...one!.terms, '../../etc "x"': [{ step: 1, value: 1 }] },
    inside: { ...inside, gates: [{ layer: 'l', pre: 1, post: 1, gates: [1] }] },
  };
  const ids = reportFigures([odd]).map(({ id }) => id);
  expect(ids.every((id) => /^[A-Za-z0-9-]+$/.test(id))).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toEqual(
    expect.arrayContaining(['methods', 'kept', 'rounds-0', 'gates-0', 'map-0', 'term-loss']),
  );
});

test('firstOfGroups takes the smallest seed of each', () => {
  const runs = grouped([run('a', 3, 0.5), run('a', 1, 0.5), run('b', 2, 0.5)]);
  expect(firstOfGroups(runs).map(({ group, seed }) => [group, seed])).toEqual([
    ['a', 1],
    ['b', 2],
  ]);
});
