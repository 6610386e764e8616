import type { MNetOptions, PruneRule, Selection } from '@ma-net/mnet';

/** How W is modulated and pruned while it trains; the defaults are those of section 12. */
export interface MaNetOptions {
  /** Rounds 0..R_TN train the plain network: this many; a third of the epochs unless given. */
  readonly plainRounds?: number;
  /** Which kernels are modulated; all but those at the network's ends unless given. */
  readonly select?: Selection;
  /** What decides that a connection is dead. */
  readonly prune: PruneRule;
  /** T_end: competition of the pre-neurons at the end of the ramp. */
  readonly competition: number;
  /** Part of the modulated phase over which competition and budget grow. */
  readonly ramp: number;
  /** Part of the modulated phase after which masks stay. */
  readonly freeze: number;
  /** Mini-batches of a neuron round between two modulation iterations. */
  readonly refresh: number;
  readonly maskEvery: 'round' | 'iteration';
  /** eta: gates are q^eta; 0 leaves only the masks. */
  readonly strength: number;
  readonly cut: 'hard' | 'soft';
  /** Whether W receives the unscaled gradient of the effective kernel (feedback) or s times it (chain rule). */
  readonly feedback: boolean;
  /** Whether gradients reach W through its own descriptors as well. */
  readonly throughDescriptors: boolean;
  /** Whether W and Phi are trained in turn (Algorithm 1) or together. */
  readonly alternate: boolean;
  /** Whether the cells remember across iterations. */
  readonly memory: 'persist' | 'reset';
  /** lambda: weight of the contrastive regulariser. */
  readonly lambda: number;
  /** Mini-batches of an astrocyte round; about 5 % of an epoch unless given. */
  readonly astrocyteIterations?: number;
  readonly astrocyteLearningRate: number;
  readonly astrocyteMomentum: number;
  /** Largest global norm of the gradient of the active part of Phi. */
  readonly clip: number;
  /** Architecture of the astrocyte network. */
  readonly mnet: Partial<MNetOptions>;
}

export const defaultMaNet: Omit<MaNetOptions, 'prune'> = {
  competition: 2,
  ramp: 0.7,
  freeze: 0.75,
  refresh: 5,
  maskEvery: 'round',
  strength: 1,
  cut: 'hard',
  feedback: true,
  throughDescriptors: false,
  alternate: true,
  memory: 'persist',
  lambda: 0.1,
  astrocyteLearningRate: 0.1,
  astrocyteMomentum: 0.9,
  clip: 1,
  mnet: {},
};
