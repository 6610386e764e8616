// What an MNet is built of: the one definition, for code, recipes and files. The defaults are those of section 12.

import { MaNetError, type ModulatedKernel, suggestion } from '@ma-net/core';
import * as z from 'zod/mini';
import { expectation } from './prune-rule.ts';

const count = (usual: number) => z._default(z.int().check(z.gte(1)), usual);

export const mnetOptions = z.strictObject({
  /** M: how many astrocytes share the pre-neurons. */
  astrocytes: count(4),
  /** K: LSTM cells of each astrocyte. */
  cells: count(4),
  /** d: features per pre-neuron. */
  hidden: count(32),
  /** r: rank of the learned part of the logits. */
  rank: count(16),
  /** B: adaptive averages that a row or column of descriptors is pooled to. */
  bins: count(8),
  /** se: how much narrower the excitation of an astrocyte is than its features. */
  reduction: count(4),
  /** V: encoder blocks of the transformer that all astrocytes share. */
  blocks: count(1),
  /** h: its attention heads. */
  heads: count(4),
  /** How the pre-neurons are dealt to the astrocytes (section 3). */
  partition: z._default(z.enum(['depth', 'interleave']), 'depth'),
  /** Whether astrocyte j hears astrocyte j - 1, and only one is updated per mini-batch (section 5). */
  chain: z._default(z.boolean(), true),
  /** Whose previous outputs an astrocyte hears (section 5). */
  temporal: z._default(z.enum(['all', 'own', 'none']), 'all'),
  /** phi_a: what turns logits into relative probabilities (section 7). */
  activation: z._default(z.enum(['softmax', 'layer', 'sigmoid', 'sparsemax']), 'softmax'),
  /** Temperature of the contrastive regulariser (Eq. 9). */
  tau: z._default(z.number().check(z.gt(0)), 0.5),
  /** gamma_l at the start: the share of the magnitudes in the logits. */
  gamma0: z._default(z.number(), 1),
});

/** What an MNet is built of, complete. */
export type MNetOptions = Readonly<z.output<typeof mnetOptions>>;

/** What may be left out of them. */
export type MNetChoices = Readonly<z.input<typeof mnetOptions>>;

export const DEFAULT_OPTIONS: MNetOptions = mnetOptions.parse({});

/** Fills in the defaults; throws `bad-argument` or `unknown-name` where an option cannot be meant. */
export function resolveOptions(kernels: readonly ModulatedKernel[], given: MNetChoices = {}): MNetOptions {
  const { success, error, data: options } = mnetOptions.safeParse(given, { reportInput: true });
  if (!success) throw refusal(error.issues[0]!);
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

/** The first problem of the schema, in our words. */
function refusal(issue: z.core.$ZodIssue): MaNetError {
  if (issue.code === 'unrecognized_keys') {
    const [name] = issue.keys;
    return new MaNetError('unknown-name', `An MNet has no option "${name}".`, {
      hint: suggestion(name!, Object.keys(DEFAULT_OPTIONS)),
    });
  }
  const name = issue.path.map(String).join('.');
  const usual = DEFAULT_OPTIONS[name as keyof MNetOptions];
  return wrong(name, issue.input, expectation(issue).replace('expected ', ''), `the default is ${usual}.`);
}

function wrong(name: string, found: unknown, expected: string, hint: string): MaNetError {
  return new MaNetError('bad-argument', `The option "${name}" is ${String(found)}, expected ${expected}.`, {
    where: `MNet options, ${name}`,
    hint,
  });
}

function refuse(name: string, found: unknown, expected: string, hint: string): never {
  throw wrong(name, found, expected, hint);
}
