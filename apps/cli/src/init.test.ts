// `manet init`: a recipe to begin with, through the built command, in a project beside ours.

import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { manet, newFolder } from '../test/manet.ts';
import { init } from './commands/init.ts';
import { resolveRecipe } from './recipe-argument.ts';
import recipe from './starter-recipe.ts';

const folder = newFolder();
afterAll(() => rmSync(folder, { recursive: true }));
symlinkSync(resolve(import.meta.dirname, '../../../node_modules'), join(folder, 'node_modules'));
/** What is written. */
const starter = readFileSync(join(import.meta.dirname, 'starter-recipe.ts'), 'utf8');

test('what it writes trains as it is', async () => {
  const { code, stdout } = await manet(['init'], folder);
  expect(code).toBe(0);
  expect(stdout).toContain('train --recipe recipe.ts');
  // Ours to the last byte: it is type-checked among the sources.
  expect(readFileSync(join(folder, 'recipe.ts'), 'utf8')).toBe(starter);
  const { recipe: read } = await resolveRecipe({ recipe: join(folder, 'recipe.ts'), set: [] });
  expect(read).toEqual(recipe());
  const small = [
    'data.trainLimit=64',
    'data.testLimit=32',
    'epochs=3',
    'batchSize=16',
    'method.mnet.hidden=8',
  ];
  const set = ['network.name=resnet-test', ...small].flatMap((change) => ['--set', change]);
  const trained = await manet(['train', '--recipe', 'recipe.ts', '--backend', 'cpu', ...set], folder);
  expect(trained).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringContaining('runs/mine-ma-net-s0'),
  });
});

test('nothing is written over, but by --force a recipe that it wrote', async () => {
  const path = join(folder, 'other.ts');
  await init(path, {});
  writeFileSync(path, starter.replace("name: 'mine'", "name: 'flowers'"));
  await expect(init(path, {})).rejects.toMatchObject({
    code: 'bad-argument',
    message: expect.stringMatching(/stays as it is[^]*other\.ts[^]*--force/),
  });
  expect(readFileSync(path, 'utf8')).toContain('flowers');
  await init(path, { force: true });
  expect(readFileSync(path, 'utf8')).toBe(starter);
  writeFileSync(path, 'my own work');
  await expect(init(path, { force: true })).rejects.toThrow(/not written by "manet init"/);
  expect(readFileSync(path, 'utf8')).toBe('my own work');
  symlinkSync(join(folder, 'recipe.ts'), join(folder, 'link.ts'));
  await expect(init(join(folder, 'link.ts'), { force: true })).rejects.toThrow(/not written by "manet init"/);
});

test.each([
  ['recipe.json', 'bad-argument', /ends in \.ts/],
  ['no-folder/recipe.ts', 'not-found', /no-folder/],
])('a path that no recipe can be written to is refused: %s', async (path, code, message) => {
  await expect(init(join(folder, path), {})).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
});

describe('what its comments offer works', () => {
  const active = starter
    .replaceAll(/^\/\/ (import .*)$/gm, '$1')
    .replaceAll(/^import \{ digits \} .*$/gm, '');
  const imports = active.replace('{ cifar10, photos }', '{ cifar10, digits, photos }');
  const offers = [...starter.matchAll(/^ {2}\/\/ ((\w+): .*),$/gm)].map(([, line, field]) => ({
    line: line!,
    field: field!,
  }));
  const fields = ['network', 'data', 'method', 'optimizer', 'schedule'];

  test('for each choice', () => {
    expect([...new Set(offers.map(({ field }) => field))]).toEqual(fields);
    expect(offers.length).toBeGreaterThan(10);
  });

  test.each(offers)('$line', async ({ line, field }) => {
    const path = join(folder, `offer-${offers.findIndex((offer) => offer.line === line)}.mts`);
    // Of two fields of one name, the later one is meant.
    writeFileSync(path, imports.replace('\n}));', `\n  ${line},\n}));`));
    const { recipe } = await resolveRecipe({ recipe: path, set: [] });
    const before = await resolveRecipe({ recipe: join(folder, 'recipe.ts'), set: [] });
    expect(recipe[field as keyof typeof recipe]).not.toEqual(before.recipe[field as keyof typeof recipe]);
    expect({ ...recipe, [field]: undefined }).toEqual({ ...before.recipe, [field]: undefined });
  });
});
