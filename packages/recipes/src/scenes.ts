import { scenes } from '@ma-net/data-coco/parts';
import { maNet } from '@ma-net/method-ma-net/parts';
import { defineRecipe } from '@ma-net/run';
import { fcos, fcosNetwork } from '@ma-net/task-fcos/parts';

/** Scenes of real digits, which come with the package: a detector on any machine. */
export const scenesFcos = defineRecipe(() => ({
  name: 'scenes-fcos',
  about: 'FCOS on 16,000 scenes of embedded digits; any machine',
  seed: 0,
  network: fcosNetwork({
    body: { block: 'basic', depths: [1, 1, 1, 1], width: 16, norm: 'batch' },
    width: 48,
    beyond: 'none',
    convolutions: 2,
  }),
  // Scenes are made, so that there may be many: with 1,000 of them the digits themselves are learned by heart.
  data: scenes({ train: 16_000 }),
  task: fcos({ ranges: [24, 48] }),
  method: maNet({ prune: { mode: 'target', removeModulated: 0.5 } }),
  batchSize: 16,
  epochs: 2,
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
  evaluateEvery: 0.25,
  saveEvery: 250,
}));
