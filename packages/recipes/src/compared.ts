// What MA-Net is compared with, with the constants of its authors. All of these need a GPU, and days.

import { astroNet, cds, exits, plain, unstructured } from '@ma-net/baselines/parts';
import { cifar10, cifar100, photos } from '@ma-net/data/parts';
import { defineRecipe } from '@ma-net/run';
import { zoo } from '@ma-net/tnet/parts';
import { baseSgd } from './base.ts';
import { cifar10Resnet18 } from './cifar10.ts';
import { imagenetResnet50 } from './imagenet.ts';
import { boosted } from './methods.ts';

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

/** Han, Pan and Liu 2023, in our design: a UNet of 2.88 million parameters, asked six times; budget and data of the MA-Net beside it. */
export const cifar10AstroNet = defineRecipe(() => ({
  ...cifar10Resnet18(),
  name: 'cifar10-resnet18-astronet',
  about: 'ResNet-18 on CIFAR-10 under AstroNet, our design, 300 epochs (Table 1); needs a GPU',
  method: astroNet({}),
}));

/**
 * Frankle and Carbin 2019, their ResNet-18: 30,000 mini-batches of 128 for every training, a tenth of the rate after 20,000 and
 * 25,000, a fifth of the weights that are left after each. The third training has 64 % of them, MA-Net of Table 1 62.1 %.
 */
export const cifar10Lottery = defineRecipe(() => ({
  ...cifar10Resnet18(),
  name: 'cifar10-resnet18-lottery',
  about: 'ResNet-18 on CIFAR-10 by lottery tickets, three trainings of 77 epochs; needs a GPU',
  method: unstructured({
    prune: { mode: 'target', removeModulated: 0.36 },
    perRound: 0.2,
    rewind: 0,
  }),
  epochs: 231,
  optimizer: { ...baseSgd, weightDecay: 1e-4 },
  schedule: { name: 'steps', warmup: 0, at: [2 / 3, 5 / 6], factor: 0.1 },
}));

/** Hu et al. 2018, as Jin et al. 2022 trained it again: 100 epochs of ImageNet, a tenth of the rate after every 30. */
export const imagenetSe = defineRecipe(() => ({
  ...imagenetResnet50(),
  name: 'imagenet-resnet50-se',
  about: 'ResNet-50 with squeeze and excitation on ImageNet, 100 epochs; needs a GPU',
  network: zoo({ name: 'resnet50', attention: { kind: 'se' } }),
  method: plain({}),
  epochs: 100,
  schedule: { name: 'steps', warmup: 0, at: [0.3, 0.6, 0.9], factor: 0.1 },
}));

/** Jin et al. 2022, section 4.1. */
export const imagenetSpse = defineRecipe(() => ({
  ...imagenetSe(),
  name: 'imagenet-resnet50-spse',
  about: 'ResNet-50 with SPSE on ImageNet, 100 epochs; needs a GPU',
  network: zoo({ name: 'resnet50', attention: { kind: 'spse' } }),
}));

/** The same work's better one. */
export const imagenetRgse = defineRecipe(() => ({
  ...imagenetSe(),
  name: 'imagenet-resnet50-rgse',
  about: 'ResNet-50 with RGSE on ImageNet, 100 epochs (Table 2); needs a GPU',
  network: zoo({ name: 'resnet50', attention: { kind: 'rgse' } }),
}));

/** Chen et al. 2023, large patches where maps are large and two heads everywhere, under the schedule of the plain network. */
export const imagenetPooling = defineRecipe(() => ({
  ...imagenetResnet50(),
  name: 'imagenet-resnet50-pooling',
  about: 'ResNet-50 with self-attentive pooling on ImageNet, 90 epochs (Table 2); needs a GPU',
  network: zoo({
    name: 'resnet50',
    attention: { kind: 'self-attentive-pooling', ratio: 0.25, heads: 2, patch: [8, 4, 2] },
  }),
  method: plain({}),
}));
