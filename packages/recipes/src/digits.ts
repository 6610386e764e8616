import { digits as data } from '@ma-net/data/parts';
import { maNet } from '@ma-net/method-ma-net/parts';
import { NEURON_LEVEL } from '@ma-net/mnet';
import { defineRecipe } from '@ma-net/run';
import { classification } from '@ma-net/task-classification/parts';
import { zoo } from '@ma-net/tnet/parts';
import { baseSgd } from './base.ts';

/** Real 8x8 digits that come with the package: a whole MA-Net on any machine. A tenth of every class is held out to choose by. */
export const digits = defineRecipe(() => ({
  name: 'digits',
  about: 'ResNet-8 on embedded handwritten digits, a tenth held out; any machine',
  seed: 0,
  network: zoo({ name: 'resnet8-digits' }),
  data: data({ validation: 0.1, augment: { padCrop: 1 } }),
  task: classification({}),
  method: maNet({
    // With the classifier among the connections, the last stage can lose channels as well.
    select: { outputs: true },
    prune: { mode: 'target', removeModulated: 0.7 },
  }),
  batchSize: 64,
  epochs: 15,
  optimizer: { ...baseSgd, weightDecay: 2e-3 },
  schedule: { name: 'cosine', warmup: 0 },
  evaluateEvery: 1,
}));

/** A transformer on the same digits: sixteen patches of two pixels. */
export const digitsVit = defineRecipe(() => ({
  name: 'digits-vit',
  about: 'a small ViT on embedded handwritten digits, a tenth held out; any machine',
  seed: 0,
  network: zoo({ name: 'vit-digits' }),
  data: data({ validation: 0.1, augment: { padCrop: 1 } }),
  task: classification({}),
  // Gates as they are cost a transformer accuracy (docs/what-astrocytes-add.md).
  method: maNet({ prune: NEURON_LEVEL, strength: 0.25 }),
  batchSize: 64,
  epochs: 40,
  optimizer: {
    ...{ name: 'adamw', learningRate: 2e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    weightDecay: 0.05,
    decay: 'kernels',
  },
  schedule: { name: 'cosine', warmup: 50 },
  evaluateEvery: 5,
}));
