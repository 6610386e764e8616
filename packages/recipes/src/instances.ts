// Instance segmentation: CondInst (Tian, Shen and Chen 2020) and, from boxes alone, BoxInst (Tian et al. 2021).

import { coco, scenes } from '@ma-net/data-coco/parts';
import { maNet } from '@ma-net/method-ma-net/parts';
import { NEURON_LEVEL } from '@ma-net/mnet';
import { defineRecipe } from '@ma-net/run';
import { boxinst, boxInstNetwork } from '@ma-net/task-boxinst/parts';
import { condinst, condInstNetwork } from '@ma-net/task-condinst/parts';

/** Ten layers and a narrow pyramid, trained from nothing. */
const small = {
  body: { block: 'basic', depths: [1, 1, 1, 1], width: 32, norm: 'batch' },
  ...{ width: 64, convolutions: 2, maskWidth: 32 },
} satisfies Parameters<typeof condInstNetwork>[0];
// With 1,000 scenes the digits are learned by heart.
const digits = {
  train: 8000,
  sides: [96, 96],
  digits: [1, 4],
  digit: [20, 56],
  objects: 4,
} satisfies Parameters<typeof scenes>[0];

export const scenesCondInst = defineRecipe(() => ({
  name: 'scenes-condinst',
  about: 'CondInst on scenes of embedded digits: boxes and masks; any machine',
  seed: 0,
  network: condInstNetwork(small),
  data: scenes({ ...digits, maskStride: 4 }),
  // Nine points of each of four digits in eight scenes.
  task: condinst({ instances: 288 }),
  method: maNet({ prune: NEURON_LEVEL }),
  batchSize: 8,
  epochs: 4,
  optimizer: {
    name: 'adamw',
    learningRate: 2e-3,
    ...{ beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    weightDecay: 1e-4,
    decay: 'kernels',
    clip: 10,
  },
  schedule: { name: 'cosine', warmup: 50 },
  evaluateEvery: 1,
}));

/** Its masks are measured, and never trained on. */
export const scenesBoxInst = defineRecipe(() => ({
  ...scenesCondInst(),
  name: 'scenes-boxinst',
  about: 'BoxInst on scenes of embedded digits: masks learned from boxes alone; any machine',
  network: boxInstNetwork(small),
  data: scenes(digits),
  task: boxinst({ instances: 36, warmup: 400, bottom: 0 }),
}));

/**
 * AdelaiDet's schedule of 90,000 mini-batches. The network sees images as classifiers of the zoo do, so that
 * `network.weights` can be one of those, or what a run on ImageNet left.
 */
export const cocoCondInst = defineRecipe(() => ({
  name: 'coco-condinst-r50-fpn',
  about: 'CondInst with ResNet-50 on COCO, 12 epochs (Table 3); needs a GPU and weights of a classifier',
  seed: 0,
  network: condInstNetwork({}),
  data: coco({ shorter: [640, 672, 704, 736, 768, 800], maskStride: 4 }),
  task: condinst({}),
  method: maNet({ mnet: { hidden: 64 } }),
  batchSize: 16,
  epochs: 12,
  optimizer: {
    name: 'sgd',
    learningRate: 0.01,
    ...{ momentum: 0.9, nesterov: false },
    weightDecay: 1e-4,
    groups: [
      // The stem and the first stage stay; norms do not decay.
      ...['conv1', 'layer1'].map((part) => ({ match: `backbone.body.${part}.*`, frozen: true })),
      ...[1, 4, 7, 10].map((layer) => ({ match: `*_tower.${layer}.*`, decay: 0 })),
      { match: 'mask_branch.*.1.*', kind: 'vector', decay: 0 },
    ],
  },
  schedule: { name: 'steps', warmup: 1_000, at: [2 / 3, 8 / 9], factor: 0.1 },
  evaluateEvery: 4,
}));

export const cocoBoxInst = defineRecipe(() => ({
  ...cocoCondInst(),
  name: 'coco-boxinst-r50-fpn',
  about: 'BoxInst with ResNet-50 on COCO, 12 epochs (Table 3); needs a GPU and weights of a classifier',
  network: boxInstNetwork({}),
  data: coco({ shorter: [640, 672, 704, 736, 768, 800] }),
  task: boxinst({}),
}));
