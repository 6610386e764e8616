// Faster R-CNN: on scenes of embedded digits, and on COCO as detectron2 trains it.

import { coco, scenes } from '@ma-net/data-coco/parts';
import { maNet } from '@ma-net/method-ma-net/parts';
import { NEURON_LEVEL } from '@ma-net/mnet';
import { defineRecipe } from '@ma-net/run';
import { rcnn, network } from '@ma-net/task-rcnn/parts';

const few = { anchors: 64, proposals: [200, 50] as [number, number], rois: 64, sampling: 2, scale: 4 };

/** Digits of 16 to 48 pixels: anchors are half as large as for photographs, and there are fewer of everything. */
export const scenesRcnn = defineRecipe(() => ({
  name: 'scenes-rcnn',
  about: 'Faster R-CNN on 6,000 scenes of embedded digits; any machine',
  seed: 0,
  network: network({
    body: { block: 'basic', depths: [1, 1, 1, 1], width: 16, norm: 'batch' },
    width: 32,
    hidden: 128,
    amounts: few,
  }),
  // With 1,000 scenes the digits are learned by heart.
  data: scenes({ train: 6000 }),
  task: rcnn({ amounts: few }),
  method: maNet({ prune: NEURON_LEVEL }),
  batchSize: 8,
  epochs: 4,
  optimizer: {
    name: 'adamw',
    learningRate: 2e-3,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 1e-4,
    clip: 10,
  },
  schedule: { name: 'cosine', warmup: 100 },
  evaluateEvery: 1,
}));

/**
 * Lin et al. 2017 by the constants of detectron2: 12 epochs of 16 images. Give it the weights of a ResNet-50, as
 * `network.weights`: normalisation, stem and first stage stay as they are.
 */
export const cocoRcnnR50Fpn = defineRecipe(() => ({
  name: 'coco-rcnn-r50-fpn',
  about: 'Faster R-CNN R50-FPN on COCO, 12 epochs (Table 4); needs a GPU',
  seed: 0,
  network: network({}),
  data: coco({ shorter: [640, 672, 704, 736, 768, 800] }),
  task: rcnn({}),
  method: maNet({ mnet: { hidden: 64 } }),
  batchSize: 16,
  epochs: 12,
  optimizer: {
    name: 'sgd',
    learningRate: 0.02,
    momentum: 0.9,
    nesterov: false,
    weightDecay: 1e-4,
    groups: ['conv1', 'layer1'].map((part) => ({ match: `backbone.body.${part}.*`, frozen: true })),
  },
  schedule: { name: 'steps', warmup: 1000, at: [2 / 3, 8 / 9], factor: 0.1 },
  evaluateEvery: 1,
}));
