import { describe, expect, test } from 'vitest';
import { parseReproduction, reproducedRows } from './reproduction.ts';

const table = {
  name: 'tiny',
  about: 'a table for a test',
  recipe: 'digits',
  changes: ['epochs=1'],
  seeds: [0, 1],
  axes: [{ path: 'method', values: ['plain', 'ma-net'] }],
  expected: { a: { test: 0.9, within: 0.01, parameters: 1000 }, b: { test: 0.5, within: 0.1 } },
};
const summary = (mean: number, runs = 2) => ({ mean, runs, sd: 0, margin: 0 });

test('a table is checked, field by field', () => {
  expect(parseReproduction(table, 'a file')).toEqual(table);
  for (const change of [{ seeds: [] }, { seeds: [0.5] }, { expected: { a: { test: 1 } } }, { more: 1 }])
    expect(() => parseReproduction({ ...table, ...change }, 'a file')).toThrow(
      expect.objectContaining({ code: 'bad-recipe', where: 'a file' }),
    );
});

describe('a row holds', () => {
  const rows = (test: number, parameters: number, runs = 2) =>
    reproducedRows(table, [
      { setting: 'a', test: summary(test, runs), parameters: summary(parameters, runs) },
    ]);

  test.each([
    ['what was published', 0.9, 1000, 2, true],
    ['what is near enough', 0.892, 1009, 2, true],
    ['another mean', 0.885, 1000, 2, false],
    ['another size', 0.9, 1011, 2, false],
    ['fewer seeds', 0.9, 1000, 1, false],
  ])('%s: %d, %d of %d runs', (_, mean, parameters, runs, holds) => {
    expect(rows(mean, parameters, runs)[0]).toMatchObject({ setting: 'a', holds });
  });

  test('a size that was not published is any', () => {
    const found = [{ setting: 'b', test: summary(0.45), parameters: summary(7) }];
    expect(reproducedRows(table, found)[1]).toMatchObject({ setting: 'b', holds: true });
  });

  test('a setting without a result does not', () => {
    expect(rows(0.9, 1000)[1]).toEqual({ setting: 'b', expected: table.expected.b, holds: false });
  });
});
