import { isAbsolute } from 'node:path';
import { expect, test } from 'vitest';
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

test('without a recipe the known ones are listed', () => {
  expect(() => resolveRecipe({ set: [] })).toThrow(/--recipe[^]*digits, cifar10-resnet10/);
});
