// ImageNet (Tables 2 and 5 of the paper), under the schedules that the networks were published with. Batches are what
// one accelerator holds; rates follow them linearly (Goyal et al. 2017). All of these need a GPU and days.

import { photos } from '@ma-net/data/parts';
import { maNet } from '@ma-net/method-ma-net/parts';
import { defineRecipe } from '@ma-net/run';
import { classification } from '@ma-net/task-classification/parts';
import { zoo } from '@ma-net/tnet/parts';
import { baseSgd } from './base.ts';

const colours = { brightness: 0.4, contrast: 0.4, saturation: 0.4 };
const method = maNet({ mnet: { hidden: 64 } });
/** Mini-batches of 256 in an epoch of 1,281,167 images. */
const EPOCH = 5_004;

/** He et al. 2016, section 3.4: 90 epochs, a tenth of the rate after 30 and 60. */
export const imagenetResnet18 = defineRecipe(() => ({
  name: 'imagenet-resnet18',
  about: 'ResNet-18 on ImageNet, 90 epochs (Table 2); needs a GPU',
  seed: 0,
  network: zoo({ name: 'resnet18' }),
  data: photos({}),
  task: classification({}),
  method,
  batchSize: 256,
  epochs: 90,
  optimizer: { ...baseSgd, weightDecay: 1e-4 },
  schedule: { name: 'steps', warmup: 0, at: [1 / 3, 2 / 3], factor: 0.1 },
  evaluateEvery: 1,
}));

export const imagenetResnet50 = defineRecipe(() => ({
  ...imagenetResnet18(),
  name: 'imagenet-resnet50',
  about: 'ResNet-50 on ImageNet, 90 epochs (Table 2); needs a GPU',
  network: zoo({ name: 'resnet50' }),
}));

/** Dosovitskiy et al. 2021, table 3, trained on ImageNet-1k alone; a rate of 3e-3 for 4,096 images. */
export const imagenetVitB16 = defineRecipe(() => ({
  ...imagenetResnet18(),
  name: 'imagenet-vit-b16',
  about: 'ViT-B/16 on ImageNet at 224 pixels, 300 epochs (Table 5); needs a GPU',
  network: zoo({ name: 'vit-b16', dropout: 0.1 }),
  epochs: 300,
  optimizer: {
    name: 'adamw',
    learningRate: 3e-3 / 16,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0.3,
    decay: 'kernels',
    clip: 1,
  },
  // 10,000 mini-batches of 4,096.
  schedule: { name: 'cosine', warmup: 160_000 },
}));

/** Liu et al. 2021, appendix A2.1; a rate of 5e-4 for 512 images. */
export const imagenetSwinB = defineRecipe(() => ({
  ...imagenetResnet18(),
  name: 'imagenet-swin-b',
  about: 'Swin-B on ImageNet at 224 pixels, 300 epochs (Table 5); needs a GPU',
  network: zoo({ name: 'swin-b', dropPath: 0.5 }),
  data: photos({
    crop: 0.9,
    interpolation: 'bicubic',
    augment: {
      resizedCrop: { interpolation: 'bicubic' },
      policy: 'randaugment-increasing',
      jitter: colours,
      erase: 0.25,
      mixup: 0.8,
      cutmix: 1,
    },
  }),
  task: classification({ labelSmoothing: 0.1 }),
  epochs: 300,
  optimizer: {
    name: 'adamw',
    learningRate: 5e-4 / 2,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0.05,
    decay: 'kernels',
    clip: 5,
  },
  schedule: { name: 'cosine', warmup: 20 * EPOCH, lowest: 5e-6 / 2 },
}));

/** A start for photographs of one's own, on whatever is at hand; a tenth of every class is held out. */
export const photosResnet18 = defineRecipe(() => ({
  ...imagenetResnet18(),
  name: 'photos-resnet18',
  about: 'ResNet-18 on a folder of your own photographs, one folder a class',
  data: photos({ validation: 0.1, augment: { jitter: colours } }),
  method: maNet({}),
  batchSize: 32,
  epochs: 30,
  optimizer: { ...baseSgd, learningRate: 0.0125, weightDecay: 1e-4 },
  schedule: { name: 'cosine', warmup: 0 },
}));
