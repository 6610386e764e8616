// How W is modulated and pruned while it trains: the one definition, for code, recipes and files. The defaults are those
// of section 12.

import { mnetOptions, pruneRule, selection } from '@ma-net/mnet';
import { z } from 'zod';

const part = z.number().min(0).max(1);
const amount = z.number().min(0);

export const maNetOptions = z.strictObject({
  /** Rounds 0..R_TN train the plain network: this many; a third of the epochs unless given. */
  plainRounds: z.int().min(0).exactOptional(),
  /** Which kernels are modulated. */
  select: z.prefault(selection, {}),
  /** What decides that a connection is dead; half of the modulated parameters go unless given. */
  prune: z._default(pruneRule, { mode: 'target', removeModulated: 0.5 }),
  /** T_end: competition of the pre-neurons at the end of the ramp. */
  competition: amount.default(2),
  /** Part of the modulated phase over which competition and budget grow. */
  ramp: z.number().positive().max(1).default(0.7),
  /** Part of the modulated phase after which masks stay. */
  freeze: part.default(0.75),
  /** Mini-batches of a neuron round between two modulation iterations. */
  refresh: z.int().min(1).default(5),
  /** When it is decided anew who is dead: at the beginning of a round, or at every modulation iteration. */
  maskEvery: z.enum(['round', 'iteration']).default('round'),
  /** Part of the scores of earlier decisions that a decision goes by; 0 goes by q as it is. */
  scoreMemory: z.number().min(0).lt(1).default(0),
  /** eta: gates are q^eta; 0 leaves only the masks. */
  strength: part.default(1),
  /** How a score becomes a gate: itself, under the mask, or what it is above its threshold. */
  cut: z.enum(['hard', 'soft']).default('hard'),
  /** Whether W receives the unscaled gradient of the effective kernel (feedback) or s times it (chain rule). */
  feedback: z.boolean().default(true),
  /** Whether gradients reach W through its own descriptors as well. */
  throughDescriptors: z.boolean().default(false),
  /** Whether W and Phi are trained in turn (Algorithm 1) or together. */
  alternate: z.boolean().default(true),
  /** Whether the cells remember across iterations. */
  memory: z.enum(['persist', 'reset']).default('persist'),
  /** lambda: weight of the contrastive regulariser. */
  lambda: amount.default(0.1),
  /** Mini-batches of an astrocyte round; about 5 % of an epoch unless given. */
  astrocyteIterations: z.int().min(1).exactOptional(),
  /** Rate that Phi is trained with. */
  astrocyteLearningRate: amount.default(0.1),
  /** Part of Phi's last step that is kept. */
  astrocyteMomentum: part.default(0.9),
  /** Largest global norm of the gradient of the active part of Phi. */
  clip: z.number().positive().default(1),
  /** Architecture of the astrocyte network. */
  mnet: z.prefault(mnetOptions, {}),
});

/** How W is modulated and pruned while it trains, complete. */
export type MaNetOptions = Readonly<z.output<typeof maNetOptions>>;

/** What may be left out of them. */
export type MaNetChoices = Readonly<z.input<typeof maNetOptions>>;

export const defaultMaNet: MaNetOptions = maNetOptions.parse({});
