// How much of a network is to go, as people say it: half of what is stored, half of the work, or so many milliseconds.

import { letsUnitsGo, NEURON_LEVEL, type PruneRule } from '@ma-net/mnet';

export interface Removal {
  /** Part of the stored parameters. */
  readonly remove?: number;
  /** Part of the multiply-accumulates. */
  readonly removeMacs?: number;
  /** Milliseconds that one sample may take. */
  readonly latency?: number;
}

/**
 * The rule that lets so much go, unit by unit, and is otherwise that of a recipe. Where nothing is asked for, it is the
 * recipe's own, or half of the stored parameters where that lets no units go.
 */
export function unitRule({ remove, removeMacs, latency }: Removal, before?: PruneRule): PruneRule {
  const own = before !== undefined && letsUnitsGo(before) && before.mode === 'target' ? before : undefined;
  if (remove === undefined && removeMacs === undefined && latency === undefined) return own ?? NEURON_LEVEL;
  const { beta, floor } = own ?? NEURON_LEVEL;
  const common = { unit: 'neuron', mode: 'target', beta, floor } as const;
  if (latency !== undefined) return { ...common, cost: 'latency' as const, milliseconds: latency };
  if (remove !== undefined) return { ...common, cost: 'params' as const, remove };
  return { ...common, cost: 'macs' as const, remove: removeMacs! };
}
