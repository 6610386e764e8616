// A recipe to test with: a small network on the embedded digits.

import { DEFAULT_OPTIONS } from '@ma-net/mnet';
import { defaultMaNet } from '@ma-net/method-ma-net';
import { parseRecipe } from '../src/recipe.ts';

export const digits = parseRecipe(
  {
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
    modulation: {
      ...defaultMaNet,
      prune: { mode: 'target', removeModulated: 0.7 },
      mnet: DEFAULT_OPTIONS,
    },
    evaluateEvery: 1,
  },
  'the recipe of the tests',
);
