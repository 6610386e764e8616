// A run of this project, of its own parts. `manet train --recipe` takes it as it is.

import { defineRecipe } from '@ma-net/run';
import { bars, direction, halve, net } from './parts.ts';

export default defineRecipe(() => ({
  name: 'bars',
  about: 'which way bars go',
  seed: 0,
  network: net({}),
  data: bars({}),
  task: direction({}),
  method: halve({ from: 0.5 }),
  batchSize: 32,
  epochs: 16,
  optimizer: {
    name: 'adamw',
    learningRate: 0.02,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0,
    clip: 100,
  },
  schedule: { name: 'constant', warmup: 0 },
  evaluateEvery: 16,
}));
