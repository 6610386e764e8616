// The recipes that we ship, by the JSON schema that editors check them with.

import { recipeSchema } from '@ma-net/run';
import Ajv from 'ajv';
import { describe, expect, test } from 'vitest';
import { ourParts } from './our-parts.ts';
import { findRecipe, type RecipeName, recipes } from './registry.ts';

const validate = new Ajv({ allErrors: true }).compile(await recipeSchema(ourParts));
const asFile = (value: unknown): Record<string, unknown> =>
  JSON.parse(JSON.stringify(value)) as Record<string, unknown>;

describe.each(Object.keys(recipes) as RecipeName[])('the JSON schema of recipes, and %s', (name) => {
  const recipe = asFile(findRecipe(name));

  test('takes it, whole and with its schema named', () => {
    expect(validate(recipe), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ $schema: './recipe.schema.json', ...recipe })).toBe(true);
  });

  test('takes parts by their names alone, where their options have defaults', () => {
    const { use } = recipe['data'] as { use: string };
    expect(validate({ ...recipe, data: { use } }), JSON.stringify(validate.errors)).toBe(true);
  });

  test.each([
    ['format', 1],
    ['batchSize', 0],
    ['seed', 0.5],
    ['colour', 'blue'],
    ['optimizer', { name: 'sgd' }],
    ['network', { use: '@ma-net/tnet#zoo' }],
    ['data', { use: '@ma-net/data#nothing' }],
    ['data', { use: '@ma-net/data#photos', sise: 3 }],
    ['method', { use: '@ma-net/method-ma-net#ma-net', prune: { mode: 'target' } }],
    ['task', 'classification'],
  ])('refuses what it may not say: %s', (field, value) => {
    expect(validate({ ...recipe, [field]: value })).toBe(false);
  });
});
