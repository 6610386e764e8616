import { baseModulation, baseSgd } from './base.ts';
import type { Recipe } from '@ma-net/run';

/**
 * The test bed of the measured defaults (section 15.1): 5,000 images, trained to saturation. Weight decay
 * was tuned for the plain network.
 */
export function cifar10Resnet10(): Recipe {
  return {
    name: 'cifar10-resnet10',
    about: 'ResNet-10 on 5,000 CIFAR-10 images, 24 epochs: the test bed of the measured defaults',
    seed: 0,
    method: 'ma-net',
    tnet: { name: 'resnet10-cifar', modulateStem: false, modulateClassifier: false },
    data: {
      name: 'cifar10',
      trainLimit: 5_000,
      testLimit: 5_000,
      augment: { flip: true, padCrop: 0, cutout: 0 },
    },
    batchSize: 64,
    epochs: 24,
    labelSmoothing: 0,
    optimizer: { ...baseSgd, weightDecay: 4e-3 },
    schedule: { name: 'cosine', warmup: 0 },
    modulation: baseModulation,
    evaluateEvery: 1,
  };
}

/** He et al. 2016, section 4.2: the small CIFAR network, on all images with crop and flip. */
export function cifar10Resnet20(): Recipe {
  return {
    ...cifar10Resnet10(),
    name: 'cifar10-resnet20',
    about: 'ResNet-20 on all of CIFAR-10, crop and flip, 100 epochs',
    tnet: { name: 'resnet20-cifar', modulateStem: false, modulateClassifier: false },
    data: { name: 'cifar10', augment: { flip: true, padCrop: 4, cutout: 0 } },
    batchSize: 128,
    epochs: 100,
    optimizer: { ...baseSgd, weightDecay: 5e-4 },
  };
}

/** The network of the paper's Table 1, under the schedule of its strongest baseline's plain network. */
export function cifar10Resnet18(): Recipe {
  return {
    ...cifar10Resnet20(),
    name: 'cifar10-resnet18',
    about: 'ResNet-18 on all of CIFAR-10, crop and flip, 300 epochs (Table 1); needs a GPU',
    tnet: { name: 'resnet18-cifar', modulateStem: false, modulateClassifier: false },
    epochs: 300,
    modulation: { ...baseModulation, mnet: { ...baseModulation.mnet, hidden: 64 } },
  };
}
