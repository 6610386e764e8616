import { parseRecipe } from '@ma-net/run';
import { ourParts } from './our-parts.ts';
import { tnetNames } from '@ma-net/tnet';
import { describe, expect, test } from 'vitest';
import { findRecipe, type RecipeName, recipes } from './registry.ts';

describe.each(Object.keys(recipes) as RecipeName[])('%s', (name) => {
  test('is complete, goes by its name, and survives a file', async () => {
    const recipe = findRecipe(name);
    expect(recipe.name).toBe(name);
    expect(await parseRecipe(JSON.parse(JSON.stringify(recipe)), 'a file', ourParts)).toEqual(recipe);
  });
});

test('cifar10-resnet10 is the measured test bed, every constant', () => {
  expect(findRecipe('cifar10-resnet10')).toMatchObject({
    network: { name: 'resnet10-cifar' },
    data: {
      trainLimit: 10_000,
      validationLast: 5_000,
      testLimit: 5_000,
      augment: { flip: true, padCrop: 0, cutout: 0 },
    },
    batchSize: 64,
    epochs: 24,
    optimizer: { name: 'sgd', learningRate: 0.1, momentum: 0.9, weightDecay: 4e-3, nesterov: false },
    schedule: { name: 'cosine', warmup: 0 },
    method: {
      prune: { mode: 'target', removeModulated: 0.5 },
      competition: 2,
      refresh: 5,
      feedback: true,
      lambda: 0.1,
      mnet: { astrocytes: 4, cells: 4, hidden: 32 },
    },
  });
});

test('an unknown recipe is refused with the nearest one', () => {
  expect(() => findRecipe('cifar10-resnet-10')).toThrow(
    expect.objectContaining({
      code: 'unknown-name',
      message: expect.stringMatching(/did you mean "cifar10-resnet10"/),
    }),
  );
});

test('every package of ours that offers parts of runs is known by them', async () => {
  for (const name of ourParts.packages) {
    const { parts = [] } = await ourParts.load(name);
    expect(parts.length).toBeGreaterThan(0);
    for (const { id } of parts) expect(id.startsWith(`${name}#`)).toBe(true);
  }
});

test('every network of a recipe is one of the zoo, for the classes of its data', async () => {
  for (const name of Object.keys(recipes) as RecipeName[]) {
    const { network } = findRecipe(name);
    // Detectors are built, not named.
    if ('name' in network) expect(tnetNames).toContain(network['name']);
  }
});
