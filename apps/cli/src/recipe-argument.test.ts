import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { resolveRecipe } from './recipe-argument.ts';

test('flags of their own win over the recipe, and over --set where they say the same', async () => {
  const { recipe, installed } = await resolveRecipe({
    recipe: 'digits',
    set: ['seed=1', 'epochs=3', 'method.ramp=0.5'],
    method: 'magnitude',
    seed: 7,
  });
  expect(recipe).toMatchObject({ name: 'digits', epochs: 3, seed: 7, batchSize: 64 });
  expect(recipe.method).toMatchObject({ use: '@ma-net/baselines#magnitude', ramp: 0.5 });
  expect(installed.packages).toEqual(expect.arrayContaining(['@ma-net/tnet', '@ma-net/baselines']));
});

test('the folder of the data is remembered from the root, and may look like anything', async () => {
  const { data } = (await resolveRecipe({ recipe: 'cifar10-resnet10', set: [], data: '1e3' })).recipe;
  expect(isAbsolute(data['path'] as string)).toBe(true);
  expect(data['path']).toMatch(/1e3$/);
  const none = resolveRecipe({ recipe: 'digits', set: [], data: 'x' });
  await expect(none).rejects.toMatchObject({
    code: 'bad-recipe',
    message: expect.stringMatching(/no folder/),
  });
});

describe('a recipe of a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'manet-recipe-'));
  const path = join(folder, 'my.json');
  const { recipe } = await resolveRecipe({ recipe: 'digits', set: ['seed=5'] });
  const text = JSON.stringify(recipe, null, 2);
  afterAll(() => rmSync(folder, { recursive: true }));
  const written = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };

  test.each([
    ['UTF-8', Buffer.from(text)],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${text}`)],
    ['UTF-8 that names its schema', Buffer.from(text.replace('{', '{ "$schema": "./recipe.schema.json",'))],
    ['UTF-16', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16, big-endian', Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
  ])('is read in %s', async (_, content) => {
    writeFileSync(path, content);
    expect((await resolveRecipe({ recipe: path, set: [] })).recipe).toEqual(recipe);
  });

  test('is refused with the place of a mistake', async () => {
    writeFileSync(path, text.replace('"seed": 5,', '"seed": 5'));
    await expect(resolveRecipe({ recipe: path, set: [] })).rejects.toThrow(
      /not JSON: .* \(line 6, column 3: /,
    );
    writeFileSync(path, text.replace('"seed"', '"__proto__"'));
    await expect(resolveRecipe({ recipe: path, set: [] })).rejects.toThrow(/holds the key "__proto__"/);
  });

  test('may be the one of a run', async () => {
    mkdirSync(join(folder, 'run'));
    written('run/recipe.json', text);
    expect((await resolveRecipe({ recipe: join(folder, 'run'), set: [] })).recipe).toEqual(recipe);
  });

  test('may be a module: what it exports by default, or what that returns', async () => {
    for (const [name, content] of [
      ['value.mjs', `export default ${text}`],
      ['function.mjs', `export default () => (${text})`],
    ] as const) {
      const { recipe: read } = await resolveRecipe({ recipe: written(name, content), set: ['epochs=2'] });
      expect(read).toEqual({ ...recipe, epochs: 2 });
    }
  });

  test.each([
    ['none.mjs', undefined, 'not-found', /none\.mjs/],
    ['no-default.mjs', 'export const recipe = 1;', 'bad-recipe', /no default export/],
    [
      'no-default.ts',
      'export const recipe: number = 1;',
      'bad-recipe',
      /no default export[^]*no-default\.ts/,
    ],
    ['broken.ts', 'export default {', 'bad-recipe', /does not load: [^]*broken\.ts/],
    ['lost.ts', 'import none from "no-such-package"; export default none;', 'bad-recipe', /no-such-package/],
    ['alone.ts', 'import "@ma-net/run"; export default 1;', 'bad-recipe', /npm i @ma-net\/run/],
    ['throws.mjs', 'throw new Error("what a day")', 'bad-recipe', /what a day/],
    ['wrong.mjs', 'export default { format: 2 }', 'bad-recipe', /batchSize: /],
  ])('a module that is none is refused: %s', async (name, content, code, message) => {
    const file = content === undefined ? join(folder, name) : written(name, content);
    await expect(resolveRecipe({ recipe: file, set: [] })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });
});

test('without a recipe the known ones are listed', async () => {
  await expect(resolveRecipe({ set: [] })).rejects.toThrow(
    /--recipe[^]*digits, digits-vit, cifar10-resnet10/,
  );
});
