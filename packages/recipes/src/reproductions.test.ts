// What is expected of a table is what the pages say.

import { readFileSync } from 'node:fs';
import { override, parseReproduction } from '@ma-net/run';
import { settingsOf } from '@ma-net/run/node';
import { describe, expect, test } from 'vitest';
import { ourParts } from './our-parts.ts';
import { findRecipe } from './registry.ts';
import { findReproduction, reproductions } from './reproductions.ts';

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

describe.each(Object.keys(reproductions))('%s', (name) => {
  const table = findReproduction(name);
  const settings = settingsOf(table.axes);

  test('goes by its name, survives a file, and expects something of every setting', () => {
    expect(table.name).toBe(name);
    expect(parseReproduction(JSON.parse(JSON.stringify(table)), 'a file')).toEqual(table);
    expect(Object.keys(table.expected)).toEqual(settings.map((setting) => setting.name));
  });

  test('every setting is a recipe', async () => {
    const recipe = await override(findRecipe(table.recipe), table.changes, ourParts);
    for (const { changes } of settings) await override(recipe, changes, ourParts);
  });
});

/** Numbers of a row of a table in the README, without the spaces between thousands. */
function row(title: string): number[] {
  const line = readme.split('\n').find((one) => one.replace(/^\W+/, '').startsWith(title))!;
  const cells = line.slice(line.indexOf(title) + title.length).replace(/(\d) (?=\d{3}\b)/g, '$1');
  return [...cells.matchAll(/\d+(\.\d+)?/g)].map(([number]) => Number(number));
}

test('the numbers are those of the README', () => {
  const digits = { plain: 'baseline', magnitude: 'structured magnitude', slim: 'slim', 'ma-net': 'MA-Net  ' };
  for (const [method, title] of Object.entries(digits)) {
    const { test: top1, parameters } = findReproduction('digits').expected[`method=${method}`]!;
    const [percent, left] = row(title);
    expect([100 * top1, parameters]).toEqual([expect.closeTo(percent!, 6), left]);
  }
  const bed = { plain: 'plain |', magnitude: 'magnitude pruning |', 'ma-net': 'MA-Net |' };
  for (const [method, title] of Object.entries(bed)) {
    const { test: top1 } = findReproduction('cifar10-resnet10').expected[`method=${method}`]!;
    expect(100 * top1).toBeCloseTo(row(title)[0]!, 6);
  }
});

test('an unknown table is refused with the nearest one', () => {
  expect(() => findReproduction('digit')).toThrow(
    expect.objectContaining({ code: 'unknown-name', hint: expect.stringContaining('digits') }),
  );
});
