// A recipe to test with: a small network on the embedded digits, and the parts that it may be changed to.

import type { AnyPart, Installed } from '@ma-net/core';
import { digits as data } from '@ma-net/data/parts';
import { maNet } from '@ma-net/method-ma-net/parts';
import { classification } from '@ma-net/task-classification/parts';
import { zoo } from '@ma-net/tnet/parts';
import { override } from '../src/override.ts';
import { defineRecipe, type Recipe } from '../src/recipe.ts';

export const digits: Recipe = defineRecipe(() => ({
  name: 'digits',
  about: 'a recipe of the tests',
  seed: 0,
  network: zoo({ name: 'resnet8-digits' }),
  data: data({ augment: { padCrop: 1 } }),
  task: classification({}),
  method: maNet({ select: { outputs: true }, prune: { mode: 'target', removeModulated: 0.7 } }),
  batchSize: 64,
  epochs: 15,
  optimizer: { name: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: false, weightDecay: 2e-3 },
  schedule: { name: 'cosine', warmup: 0 },
  evaluateEvery: 1,
}))();

const modules: Readonly<Record<string, () => Promise<{ readonly parts: readonly AnyPart[] }>>> = {
  '@ma-net/tnet': () => import('@ma-net/tnet/parts'),
  '@ma-net/data': () => import('@ma-net/data/parts'),
  '@ma-net/task-classification': () => import('@ma-net/task-classification/parts'),
  '@ma-net/method-ma-net': () => import('@ma-net/method-ma-net/parts'),
  '@ma-net/search': () => import('@ma-net/search/parts'),
  '@ma-net/baselines': () => import('@ma-net/baselines/parts'),
};

export const installed: Installed = {
  packages: Object.keys(modules),
  load: (name) => modules[name]!(),
};

/** The digits with fields changed, as `path=value`. */
export function changed(...assignments: readonly string[]): Promise<Recipe> {
  return override(digits, assignments, installed);
}
