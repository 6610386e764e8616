import { MaNetError, type ModulatedKernel, suggestion } from '@ma-net/core';
import type { Activation } from './activation.ts';

/** What an MNet is built of. The defaults are those of section 12. */
export interface MNetOptions {
  /** M: how many astrocytes share the pre-neurons. */
  readonly astrocytes: number;
  /** K: LSTM cells of each astrocyte. */
  readonly cells: number;
  /** d: features per pre-neuron. */
  readonly hidden: number;
  /** r: rank of the learned part of the logits. */
  readonly rank: number;
  /** B: adaptive averages that a row or column of descriptors is pooled to. */
  readonly bins: number;
  /** se: how much narrower the excitation of an astrocyte is than its features. */
  readonly reduction: number;
  /** V: encoder blocks of the transformer that all astrocytes share. */
  readonly blocks: number;
  /** h: its attention heads. */
  readonly heads: number;
  /** How the pre-neurons are dealt to the astrocytes (section 3). */
  readonly partition: 'depth' | 'interleave';
  /** Whether astrocyte j hears astrocyte j - 1, and only one is updated per mini-batch (section 5). */
  readonly chain: boolean;
  /** Whose previous outputs an astrocyte hears (section 5). */
  readonly temporal: 'all' | 'own' | 'none';
  /** phi_a: what turns logits into relative probabilities (section 7). */
  readonly activation: Activation;
  /** Temperature of the contrastive regulariser (Eq. 9). */
  readonly tau: number;
  /** gamma_l at the start: the share of the magnitudes in the logits. */
  readonly gamma0: number;
}

export const DEFAULT_OPTIONS: MNetOptions = {
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
};

const CHOICES = {
  partition: ['depth', 'interleave'],
  temporal: ['all', 'own', 'none'],
  activation: ['softmax', 'layer', 'sigmoid', 'sparsemax'],
} as const;

const WHOLE_NUMBERS = [
  'astrocytes',
  'cells',
  'hidden',
  'rank',
  'bins',
  'reduction',
  'blocks',
  'heads',
] as const;

/** Fills in the defaults; throws `bad-argument` or `unknown-name` where an option cannot be meant. */
export function resolveOptions(
  kernels: readonly ModulatedKernel[],
  given: Partial<MNetOptions> = {},
): MNetOptions {
  const known = Object.keys(DEFAULT_OPTIONS);
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      throw new MaNetError('unknown-name', `An MNet has no option "${name}".`, {
        hint: suggestion(name, known),
      });
    }
  }
  const options = { ...DEFAULT_OPTIONS, ...given };
  for (const name of WHOLE_NUMBERS) {
    const value = options[name];
    if (!Number.isInteger(value) || value < 1)
      refuse(name, value, 'a whole number of at least 1', `the default is ${DEFAULT_OPTIONS[name]}.`);
  }
  for (const [name, choices] of Object.entries(CHOICES) as [keyof typeof CHOICES, readonly string[]][]) {
    if (!choices.includes(options[name]))
      refuse(name, options[name], `one of ${choices.join(', ')}`, suggestion(options[name], choices));
  }
  if (!(options.tau > 0)) refuse('tau', options.tau, 'a number above 0', 'the default is 0.5.');
  if (!Number.isFinite(options.gamma0))
    refuse('gamma0', options.gamma0, 'a finite number', 'the default is 1.');
  for (const divisor of ['reduction', 'heads'] as const) {
    if (options.hidden % options[divisor] !== 0) {
      refuse(
        divisor,
        options[divisor],
        `a divisor of hidden = ${options.hidden}`,
        `choose hidden as a multiple of ${options[divisor]}.`,
      );
    }
  }
  const preNeurons = kernels.reduce((sum, kernel) => sum + kernel.preNeurons, 0);
  if (kernels.length === 0) {
    throw new MaNetError(
      'bad-argument',
      'The network has no modulated kernel, so there is nothing to modulate.',
      {
        where: 'kernels',
        hint: 'declare at least one convolution or dense layer as modulated.',
      },
    );
  }
  if (options.astrocytes > preNeurons) {
    refuse(
      'astrocytes',
      options.astrocytes,
      `at most ${preNeurons}, the number of pre-neurons of the network`,
      'use fewer astrocytes, or a wider network.',
    );
  }
  return options;
}

function refuse(name: string, found: unknown, expected: string, hint: string): never {
  throw new MaNetError('bad-argument', `The option "${name}" is ${String(found)}, expected ${expected}.`, {
    where: `MNet options, ${name}`,
    hint,
  });
}
