// Every method at a small scale: ResNet-8 on the embedded digits, minutes on any machine. Compared with each other they are
// one table; half of the parameters goes wherever something goes.

import { astroNet, cds, exits, magnitude, plain, random, slim, unstructured } from '@ma-net/baselines/parts';
import { cifar10, cifar100, digits as data, photos } from '@ma-net/data/parts';
import { maNet } from '@ma-net/method-ma-net/parts';
import { NEURON_LEVEL } from '@ma-net/mnet';
import { defineRecipe } from '@ma-net/run';
import { classification } from '@ma-net/task-classification/parts';
import { zoo } from '@ma-net/tnet/parts';
import { baseSgd } from './base.ts';
import { cifar10Resnet18 } from './cifar10.ts';
import { digits } from './digits.ts';
import { imagenetResnet50 } from './imagenet.ts';

const network = 'resnet8-digits';
/** With the classifier among the connections, the last stage can lose channels as well. */
const select = { outputs: true };
const halved = { prune: NEURON_LEVEL, select };

/** The network alone. */
export const methodsPlain = defineRecipe(() => ({
  ...digits(),
  name: 'methods-plain',
  about: 'the network alone, beside which the others stand',
  method: plain({}),
}));

export const methodsMaNet = defineRecipe(() => ({
  ...digits(),
  name: 'methods-ma-net',
  about: 'MA-Net: half of the parameters goes, unit by unit',
  method: maNet(halved),
}));

export const methodsMagnitude = defineRecipe(() => ({
  ...digits(),
  name: 'methods-magnitude',
  about: 'structured magnitude pruning: half of the parameters goes, unit by unit',
  method: magnitude(halved),
}));

export const methodsRandom = defineRecipe(() => ({
  ...digits(),
  name: 'methods-random',
  about: 'half of the parameters goes before the first mini-batch, whoever they are',
  method: random(halved),
}));

export const methodsSlim = defineRecipe(() => ({
  ...digits(),
  name: 'methods-slim',
  about: 'the network that is half as large from the beginning',
  method: slim({ prune: NEURON_LEVEL }),
}));

export const methodsUnstructured = defineRecipe(() => ({
  ...digits(),
  name: 'methods-unstructured',
  about: 'half of the parameters becomes zero after three quarters of the training',
  method: unstructured(halved),
}));

/** Three trainings in the time of one: after the first two, 0.3 of the weights that are left go. */
export const methodsLottery = defineRecipe(() => ({
  ...digits(),
  name: 'methods-lottery',
  about: 'lottery tickets: half of the parameters becomes zero in rounds, survivors are set back',
  method: unstructured({ ...halved, perRound: 0.3, rewind: 0.5 }),
}));

export const methodsAstroNet = defineRecipe(() => ({
  ...digits(),
  name: 'methods-astronet',
  about: 'AstroNet, our design: one astrocyte gates channels, half of the parameters goes',
  method: astroNet({ ...halved, width: 16 }),
}));

/** Two views of every image; the second one loses a square. */
const twoViews = data({ validation: 0.1, augment: { padCrop: 1 }, views: [{ padCrop: 1, cutout: 3 }] });

export const methodsCds = defineRecipe(() => ({
  ...digits(),
  name: 'methods-cds',
  about: 'contrastive deep supervision on two views of every image',
  data: twoViews,
  method: cds({}),
}));

export const methodsPlainViews = defineRecipe(() => ({
  ...digits(),
  name: 'methods-plain-views',
  about: 'the network alone, on the two views that contrastive deep supervision sees',
  data: twoViews,
  method: plain({ views: 2 }),
}));

export const methodsSe = defineRecipe(() => ({
  ...methodsPlain(),
  name: 'methods-se',
  about: 'squeeze and excitation in every block',
  network: zoo({ name: network, attention: { kind: 'se', reduction: 4 } }),
}));

export const methodsSpse = defineRecipe(() => ({
  ...methodsPlain(),
  name: 'methods-spse',
  about: 'excitation by a pyramid of cells in every block',
  network: zoo({ name: network, attention: { kind: 'spse', reduction: 4 } }),
}));

export const methodsRgse = defineRecipe(() => ({
  ...methodsPlain(),
  name: 'methods-rgse',
  about: 'excitation by windows in every block',
  network: zoo({ name: network, attention: { kind: 'rgse', reduction: 4 } }),
}));

export const methodsPooling = defineRecipe(() => ({
  ...methodsPlain(),
  name: 'methods-pooling',
  about: 'self-attentive pooling in place of strides',
  network: zoo({ name: network, attention: { kind: 'self-attentive-pooling', ratio: 0.25 } }),
}));

/** Exits that boost each other, with the reweighting and the rescaled gradients of the paper. */
const boosted = { boost: 0.5, rescale: true };

export const methodsExits = defineRecipe(() => ({
  ...digits(),
  name: 'methods-exits',
  about: 'a multi-scale dense network whose exits boost each other',
  network: zoo({ name: 'msdnet-digits', exits: boosted }),
  method: exits({}),
}));

/** Yu et al. 2023, budgeted, on CIFAR-100: batches of 64, 300 epochs, a tenth of the rate after 150 and 225; 5,000 images held out. */
export const cifar100Exits = defineRecipe(() => ({
  ...cifar10Resnet18(),
  name: 'cifar100-msdnet-boosted',
  about: 'MSDNet with boosted exits on CIFAR-100, 300 epochs; needs a GPU',
  network: zoo({ name: 'msdnet-cifar-budget', exits: boosted }),
  data: cifar100({ validationLast: 5_000, augment: { flip: true, padCrop: 4 } }),
  method: exits({}),
  batchSize: 64,
  optimizer: { ...baseSgd, weightDecay: 1e-4 },
  schedule: { name: 'steps', warmup: 0, at: [0.5, 0.75], factor: 0.1 },
}));

/** The same on ImageNet, with the constants of its budgeted network: 90 epochs, a tenth of the rate after 30 and 60. */
export const imagenetExits = defineRecipe(() => ({
  ...imagenetResnet50(),
  name: 'imagenet-msdnet-boosted',
  about: 'MSDNet with boosted exits on ImageNet, 90 epochs (Table 2); needs a GPU',
  network: zoo({ name: 'msdnet-imagenet-5', exits: boosted }),
  data: photos({ validation: 0.04 }),
  method: exits({}),
}));

/**
 * Zhang et al. 2022, on CIFAR-10 with their constants: batches of 128, 300 epochs, a tenth of the rate after 90, 180 and 280; the
 * first view loses a square of 16 pixels, the second one changes its colours.
 */
export const cifar10Cds = defineRecipe(() => ({
  ...cifar10Resnet18(),
  name: 'cifar10-resnet18-cds',
  about: 'ResNet-18 on CIFAR-10 by contrastive deep supervision, 300 epochs (Table 1); needs a GPU',
  data: cifar10({
    augment: { flip: true, padCrop: 4, padValue: 128, cutout: 16 },
    views: [
      {
        flip: true,
        padCrop: 4,
        padValue: 0,
        jitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, probability: 0.8 },
        grey: 0.2,
      },
    ],
  }),
  method: cds({}),
  optimizer: { ...baseSgd, weightDecay: 5e-4 },
  schedule: { name: 'steps', warmup: 0, at: [90 / 300, 180 / 300, 280 / 300], factor: 0.1 },
}));

/** Jin et al. 2022: 100 epochs of ImageNet, a tenth of the rate after every 30. */
export const imagenetRgse = defineRecipe(() => ({
  ...imagenetResnet50(),
  name: 'imagenet-resnet50-rgse',
  about: 'ResNet-50 with RGSE on ImageNet, 100 epochs (Table 2); needs a GPU',
  network: zoo({ name: 'resnet50', attention: { kind: 'rgse' } }),
  data: photos({}),
  task: classification({}),
  method: plain({}),
  epochs: 100,
  schedule: { name: 'steps', warmup: 0, at: [0.3, 0.6, 0.9], factor: 0.1 },
}));
