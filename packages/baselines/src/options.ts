import { maNetOptions } from '@ma-net/method-ma-net';
import { NEURON_LEVEL, pruneRule } from '@ma-net/mnet';
import { z } from 'zod';

/** The options of MA-Net that are about which connections go, and when. */
export const magnitudeOptions = maNetOptions.pick({
  plainRounds: true,
  select: true,
  prune: true,
  ramp: true,
  freeze: true,
  maskEvery: true,
});

export type MagnitudeOptions = Readonly<z.output<typeof magnitudeOptions>>;
/** What may be left out of them. */
export type MagnitudeChoices = Readonly<z.input<typeof magnitudeOptions>>;

export const slimOptions = z.strictObject({
  /** What pruning is compared with: its target for whole units is the size of the slim network. */
  prune: z._default(pruneRule, NEURON_LEVEL),
});

export type SlimOptions = Readonly<z.output<typeof slimOptions>>;
