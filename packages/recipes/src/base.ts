import type { Recipe } from '@ma-net/run';

/** The paper's optimiser: SGD at 0.1 with momentum 0.9. */
export const baseSgd = {
  name: 'sgd',
  learningRate: 0.1,
  momentum: 0.9,
  nesterov: false,
  weightDecay: 5e-4,
} as const satisfies Recipe['optimizer'];
