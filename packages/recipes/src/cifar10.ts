import { cifar10 } from '@ma-net/data/parts';
import { maNet } from '@ma-net/method-ma-net/parts';
import { NEURON_LEVEL } from '@ma-net/mnet';
import { defineRecipe } from '@ma-net/run';
import { classification } from '@ma-net/task-classification/parts';
import { zoo } from '@ma-net/tnet/parts';
import { baseSgd } from './base.ts';

/**
 * The test bed of the measured defaults (section 15.1): 5,000 images, trained to saturation; the next 5,000 are held out
 * to choose by. Weight decay was tuned for the plain network.
 */
export const cifar10Resnet10 = defineRecipe(() => ({
  name: 'cifar10-resnet10',
  about: 'ResNet-10 on 5,000 CIFAR-10 images, 24 epochs: the test bed of the measured defaults',
  seed: 0,
  network: zoo({ name: 'resnet10-cifar' }),
  data: cifar10({
    trainLimit: 10_000,
    validationLast: 5_000,
    testLimit: 5_000,
    augment: { flip: true },
  }),
  task: classification({}),
  method: maNet({}),
  batchSize: 64,
  epochs: 24,
  optimizer: { ...baseSgd, weightDecay: 4e-3 },
  schedule: { name: 'cosine', warmup: 0 },
  evaluateEvery: 1,
}));

/** Half of the test bed's images, for networks that take longer over each: the other half of 5,000 is held out. */
const few = cifar10({
  trainLimit: 5_000,
  validationLast: 2_500,
  testLimit: 5_000,
  augment: { flip: true },
});

/** A DenseNet of CIFAR's size at the scale of the test bed. */
export const cifar10DenseNet = defineRecipe(() => ({
  ...cifar10Resnet10(),
  name: 'cifar10-densenet',
  about: 'a small DenseNet on 2,500 CIFAR-10 images, 20 epochs; any machine',
  network: zoo({ name: 'densenet-bc28-8-cifar' }),
  data: few,
  method: maNet({ prune: NEURON_LEVEL }),
  epochs: 20,
  evaluateEvery: 5,
}));

/** A transformer of CIFAR's size at the scale of the test bed. */
export const cifar10Vit = defineRecipe(() => ({
  ...cifar10DenseNet(),
  name: 'cifar10-vit',
  about: 'a small ViT on 2,500 CIFAR-10 images, 20 epochs; any machine',
  network: zoo({ name: 'vit-64-8-cifar' }),
  // Gates as they are cost a transformer accuracy (docs/what-astrocytes-add.md).
  method: maNet({ prune: NEURON_LEVEL, strength: 0.25 }),
  optimizer: {
    ...{ name: 'adamw', learningRate: 2e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    weightDecay: 0.05,
    decay: 'kernels',
  },
  schedule: { name: 'cosine', warmup: 50 },
}));

/** He et al. 2016, section 4.2: the small CIFAR network, on all images with crop and flip. */
export const cifar10Resnet20 = defineRecipe(() => ({
  ...cifar10Resnet10(),
  name: 'cifar10-resnet20',
  about: 'ResNet-20 on all of CIFAR-10, crop and flip, 100 epochs',
  network: zoo({ name: 'resnet20-cifar' }),
  data: cifar10({ augment: { flip: true, padCrop: 4 } }),
  batchSize: 128,
  epochs: 100,
  optimizer: { ...baseSgd, weightDecay: 5e-4 },
}));

/** The network of the paper's Table 1, under the schedule of its strongest baseline's plain network. */
export const cifar10Resnet18 = defineRecipe(() => ({
  ...cifar10Resnet20(),
  name: 'cifar10-resnet18',
  about: 'ResNet-18 on all of CIFAR-10, crop and flip, 300 epochs (Table 1); needs a GPU',
  network: zoo({ name: 'resnet18-cifar' }),
  epochs: 300,
  method: maNet({ mnet: { hidden: 64 } }),
}));
