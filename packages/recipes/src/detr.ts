import { coco, scenes } from '@ma-net/data-coco/parts';
import { maNet } from '@ma-net/method-ma-net/parts';
import { NEURON_LEVEL } from '@ma-net/mnet';
import { defineRecipe, type Recipe } from '@ma-net/run';
import { detr, detrNetwork, dynamicDetrNetwork } from '@ma-net/task-detr/parts';

/** The optimiser of DETR: the gradient's norm is cut at 0.1. */
const adamw = {
  ...{ name: 'adamw', learningRate: 1e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  ...{ weightDecay: 1e-4, clip: 0.1 },
} as const satisfies Recipe['optimizer'];

/** The body moves at a tenth of the rate, its stem and first stage stay. */
const groups = [
  { match: 'backbone.body.conv1.*', frozen: true },
  { match: 'backbone.body.layer1.*', frozen: true },
  { match: 'backbone.body.*', rate: 0.1 },
] as const;

/** DETR's views: half of the images are cut first. */
const views = {
  shorter: [480, 512, 544, 576, 608, 640, 672, 704, 736, 768, 800],
  longest: 1333,
  rounding: 'detr' as const,
  crop: { probability: 0.5, shorter: [400, 500, 600], least: 384, most: 600 },
};

/** A small DETR on scenes of real digits, which come with the package; any machine. */
export const scenesDetr = defineRecipe(() => ({
  name: 'scenes-detr',
  about: 'a small DETR on 12,000 scenes of embedded digits; any machine',
  seed: 0,
  network: detrNetwork({
    body: { block: 'basic', depths: [1, 1, 1], width: 24, stem: 'half', norm: 'batch' },
    ...{ width: 64, heads: 4, feedForward: 128, dropout: 0 },
    ...{ queries: 10, encoderLayers: 2, decoderLayers: 3 },
  }),
  data: scenes({ train: 12_000, test: 200, sides: [64, 64], digits: [1, 3], digit: [16, 40] }),
  task: detr({}),
  method: maNet({ prune: NEURON_LEVEL }),
  batchSize: 16,
  epochs: 10,
  optimizer: { ...adamw, learningRate: 5e-4, clip: 1 },
  schedule: { name: 'cosine', warmup: 200 },
  evaluateEvery: 2,
}));

/** DETR with the constants of the paper (Carion et al. 2020, section 4): 300 epochs, which start from a classifier. */
export const cocoDetrR50 = defineRecipe(() => ({
  name: 'coco-detr-r50',
  about:
    "DETR with a ResNet-50 on COCO, the paper's constants; pass a classifier's weights as network.weights",
  seed: 0,
  network: detrNetwork({}),
  data: coco(views),
  task: detr({}),
  method: maNet({ prune: { mode: 'target', removeModulated: 0.5 } }),
  batchSize: 64,
  epochs: 300,
  optimizer: { ...adamw, groups: [...groups] },
  schedule: { name: 'steps', at: [200 / 300], factor: 0.1, warmup: 0 },
  evaluateEvery: 10,
}));

/** Dynamic DETR (Dai et al. 2021, section 4.1): 12 epochs, the rate falls after 11. */
export const cocoDynamicDetrR50 = defineRecipe(() => ({
  name: 'coco-dynamic-detr-r50',
  about: "Dynamic DETR with a ResNet-50 on COCO, 12 epochs; pass a classifier's weights as network.weights",
  seed: 0,
  network: dynamicDetrNetwork({}),
  data: coco({ shorter: [800], longest: 1333 }),
  task: detr({
    classification: { kind: 'focal' },
    ...{ costs: { class: 2, l1: 5, giou: 2 }, weights: { class: 2, l1: 5, giou: 2 } },
  }),
  method: maNet({ prune: { mode: 'target', removeModulated: 0.5 } }),
  batchSize: 16,
  epochs: 12,
  optimizer: { ...adamw, groups: [...groups] },
  schedule: { name: 'steps', at: [11 / 12], factor: 0.1, warmup: 0 },
  evaluateEvery: 1,
}));
