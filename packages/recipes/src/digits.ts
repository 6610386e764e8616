import { baseModulation, baseSgd } from './base.ts';
import type { Recipe } from '@ma-net/run';

/** Real 8x8 digits that come with the package: a whole MA-Net on any machine. */
export function digits(): Recipe {
  return {
    name: 'digits',
    about: 'ResNet-8 on 1,297 embedded handwritten digits; any machine',
    seed: 0,
    method: 'ma-net',
    // With the classifier among the connections, the last stage can lose channels as well.
    tnet: { name: 'resnet8-digits', modulateStem: false, modulateClassifier: true },
    data: { name: 'digits', augment: { flip: false, padCrop: 1, cutout: 0 } },
    batchSize: 64,
    epochs: 15,
    labelSmoothing: 0,
    optimizer: { ...baseSgd, weightDecay: 2e-3 },
    schedule: { name: 'cosine', warmup: 0 },
    modulation: { ...baseModulation, prune: { mode: 'target', removeModulated: 0.7 } },
    evaluateEvery: 1,
  };
}
