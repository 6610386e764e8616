import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { resolveRecipe } from './recipe-argument.ts';

test('flags of their own win over --set, and both over the recipe', () => {
  const recipe = resolveRecipe({
    recipe: 'digits',
    set: ['seed=1', 'epochs=3'],
    method: 'magnitude',
    seed: 7,
  });
  expect(recipe).toMatchObject({ name: 'digits', epochs: 3, method: 'magnitude', seed: 7, batchSize: 64 });
});

test('the folder of the data is remembered from the root, and may look like anything', () => {
  const { data } = resolveRecipe({ recipe: 'cifar10-resnet10', set: [], data: '1e3' });
  expect(isAbsolute(data.path!)).toBe(true);
  expect(data.path!.endsWith('1e3')).toBe(true);
});

describe('a recipe of a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'manet-recipe-'));
  const path = join(folder, 'my.json');
  const text = JSON.stringify(resolveRecipe({ recipe: 'digits', set: ['seed=5'] }), null, 2);
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    ['UTF-8', Buffer.from(text)],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${text}`)],
    ['UTF-16', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16, big-endian', Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
  ])('is read in %s', (_, content) => {
    writeFileSync(path, content);
    expect(resolveRecipe({ recipe: path, set: [] })).toMatchObject({ name: 'digits', seed: 5 });
  });

  test('is refused with the place of a mistake', () => {
    writeFileSync(path, text.replace('"seed": 5,', '"seed": 5'));
    expect(() => resolveRecipe({ recipe: path, set: [] })).toThrow(/not JSON: .* \(line 5, column 3: /);
    writeFileSync(path, text.replace('"seed"', '"__proto__"'));
    expect(() => resolveRecipe({ recipe: path, set: [] })).toThrow(/holds the key "__proto__"/);
  });
});

test('without a recipe the known ones are listed', () => {
  expect(() => resolveRecipe({ set: [] })).toThrow(/--recipe[^]*digits, cifar10-resnet10/);
});
