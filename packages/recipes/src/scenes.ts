import { scenes } from '@ma-net/data-coco/parts';
import { maNet } from '@ma-net/method-ma-net/parts';
import { NEURON_LEVEL } from '@ma-net/mnet';
import { defineRecipe } from '@ma-net/run';
import { fcos, fcosNetwork } from '@ma-net/task-fcos/parts';

/** Scenes of real digits, which come with the package: a detector on any machine. */
export const scenesFcos = defineRecipe(() => ({
  name: 'scenes-fcos',
  about: 'FCOS on 6,000 scenes of embedded digits; any machine',
  seed: 0,
  network: fcosNetwork({
    body: { block: 'basic', depths: [1, 1, 1, 1], width: 16, norm: 'batch' },
    width: 48,
    beyond: 'none',
    convolutions: 2,
  }),
  // With 1,000 scenes the digits are learned by heart.
  data: scenes({ train: 6000 }),
  task: fcos({ ranges: [24, 48] }),
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
