import { describe, expect, test } from 'vitest';
import { changed, digits, installed } from '../test/recipe.ts';
import { parseRecipe } from './recipe.ts';
import { fromFormat1, newPath, splitsFromFormat1 } from './recipe-format-1.ts';

const modulation = {
  prune: { mode: 'target', removeModulated: 0.7 },
  competition: 2,
  ramp: 0.7,
  freeze: 0.75,
  refresh: 5,
  maskEvery: 'round',
  strength: 1,
  cut: 'hard',
  feedback: true,
  throughDescriptors: false,
  alternate: true,
  memory: 'persist',
  lambda: 0.1,
  astrocyteLearningRate: 0.1,
  astrocyteMomentum: 0.9,
  clip: 1,
  mnet: {
    astrocytes: 4,
    cells: 4,
    hidden: 32,
    rank: 16,
    bins: 8,
    reduction: 4,
    blocks: 1,
    heads: 4,
    partition: 'depth',
    chain: true,
    temporal: 'all',
    activation: 'softmax',
    tau: 0.5,
    gamma0: 1,
  },
};

/** The digits as version 0.1.0 wrote them. */
const old = {
  name: 'digits',
  about: 'a recipe of the tests',
  seed: 0,
  method: 'ma-net',
  tnet: { name: 'resnet8-digits', modulateStem: false, modulateClassifier: true },
  data: { name: 'digits', augment: { flip: false, padCrop: 1, cutout: 0 } },
  batchSize: 64,
  epochs: 15,
  labelSmoothing: 0,
  optimizer: { name: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: false, weightDecay: 2e-3 },
  schedule: { name: 'cosine', warmup: 0 },
  modulation,
  evaluateEvery: 1,
};
const read = (value: unknown) => parseRecipe(value, 'old.json', installed);

describe('a recipe of format 1', () => {
  test('is the recipe of parts that says the same, for every method', async () => {
    expect(await read(old)).toEqual(await parseRecipe(digits, 'new.json', installed));
    expect(await read({ ...old, method: 'magnitude' })).toEqual(await changed('method=magnitude'));
    expect(await read({ ...old, method: 'plain' })).toEqual(await changed('method=plain'));
  });

  test('keeps what is not everywhere: limits, folders, weights, rounds, smoothing, checkpoints', async () => {
    const more = {
      ...old,
      saveEvery: 7,
      labelSmoothing: 0.1,
      tnet: { name: 'resnet18-cifar', modulateStem: true, modulateClassifier: false, weights: 'hub' },
      data: { ...old.data, name: 'cifar10', path: '/there', trainLimit: 9 },
      modulation: { ...modulation, plainRounds: 3, astrocyteIterations: 8 },
    };
    expect(await read(more)).toMatchObject({
      format: 2,
      saveEvery: 7,
      network: { use: '@ma-net/tnet#zoo', name: 'resnet18-cifar', weights: 'hub' },
      data: { use: '@ma-net/data#cifar10', path: '/there', trainLimit: 9 },
      task: { labelSmoothing: 0.1 },
      method: { plainRounds: 3, astrocyteIterations: 8, select: { stem: true, outputs: false } },
    });
  });

  test('may call gradients through descriptors "attach"', async () => {
    const { throughDescriptors: _, ...others } = modulation;
    const { method } = await read({ ...old, modulation: { attach: true, ...others } });
    expect(method['throughDescriptors']).toBe(true);
  });

  test.each([
    [{ ...old, epochs: -1 }, /epochs: .*found -1/],
    [{ ...old, method: 'magic' }, /"@ma-net\/baselines#magic"/],
    [{ ...old, tnet: {} }, /network\.name/],
    [{ ...old, data: { name: 'mnist' } }, /"@ma-net\/data#mnist"/],
    [{ ...old, modulation: { ...modulation, refresh: 0 } }, /method\.refresh: .*found 0/],
    [{ ...old, modulation: null, colour: 'red' }, /colour: no such field/],
  ])('is checked like any other: %#', async (value, message) => {
    await expect(read(value)).rejects.toMatchObject({ message: expect.stringMatching(message) });
  });

  test.each([[undefined], [null], [3], [[]], [{}], [{ tnet: 1 }], [{ format: 2, tnet: {}, data: {} }]])(
    '%j is none',
    (value) => expect(fromFormat1(value)).toBe(value),
  );
});

test('an old path leads to its new one', () => {
  expect(newPath('modulation.mnet.hidden')).toBe('method.mnet.hidden');
  expect(newPath('epochs')).toBeUndefined();
  expect(newPath('constructor')).toBeUndefined();
});

test('samples were called images', () => {
  const test = { name: 'digits, test', images: 40, fingerprint: 'f' };
  expect(splitsFromFormat1({ test })).toEqual({
    test: { name: 'digits, test', samples: 40, fingerprint: 'f' },
  });
  expect(splitsFromFormat1(undefined)).toBeUndefined();
  expect(splitsFromFormat1({ test: { samples: 1 } })).toEqual({ test: { samples: 1 } });
});
