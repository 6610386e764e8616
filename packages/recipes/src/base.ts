import { DEFAULT_OPTIONS } from '@ma-net/mnet';
import { defaultMaNet } from '@ma-net/method-ma-net';
import type { Recipe } from '@ma-net/run';

/** What every recipe of ours starts from: the defaults of the algorithm (section 12), half of the parameters. */
export const baseModulation: Recipe['modulation'] = {
  ...defaultMaNet,
  prune: { mode: 'target', removeModulated: 0.5 },
  mnet: DEFAULT_OPTIONS,
};

/** The paper's optimiser: SGD at 0.1 with momentum 0.9. */
export const baseSgd: Recipe['optimizer'] = {
  name: 'sgd',
  learningRate: 0.1,
  momentum: 0.9,
  nesterov: false,
  weightDecay: 5e-4,
};
