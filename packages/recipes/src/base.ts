import type { Recipe } from './schema.ts';

/** What every recipe of ours starts from: the defaults of the algorithm (section 12). */
export const baseModulation: Recipe['modulation'] = {
  prune: { mode: 'target', removeModulated: 0.5 },
  competition: 2,
  ramp: 0.7,
  freeze: 0.75,
  refresh: 5,
  maskEvery: 'round',
  strength: 1,
  cut: 'hard',
  feedback: true,
  attach: false,
  alternate: true,
  memory: 'persist',
  lambda: 0.1,
  astrocyteLearningRate: 0.1,
  astrocyteMomentum: 0.9,
  clip: 1,
  mnet: {
    astrocytes: 4,
    cells: 4,
    hidden: 32,
    rank: 16,
    bins: 8,
    reduction: 4,
    blocks: 1,
    heads: 4,
    partition: 'depth',
    chain: true,
    temporal: 'all',
    activation: 'softmax',
    tau: 0.5,
    gamma0: 1,
  },
};

/** The paper's optimiser: SGD at 0.1 with momentum 0.9. */
export const baseSgd: Recipe['optimizer'] = {
  name: 'sgd',
  learningRate: 0.1,
  momentum: 0.9,
  nesterov: false,
  weightDecay: 5e-4,
};
