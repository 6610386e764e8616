// The uniformly slim network: what somebody trains who knows beforehand how small it has to become.

import { type Method, type Network } from '@ma-net/core';
import { slimNetwork } from '@ma-net/mnet';
import type { SlimOptions } from './options.ts';
import { plain } from './plain.ts';

/**
 * Trains, in place of the task's network, one with the same part of all its widths, of no more cost than `prune`
 * leaves, from scratch. Opening a task throws what `slimNetwork` throws.
 */
export function slim({ prune }: SlimOptions): Method {
  const known = new WeakMap<Network, string>();
  return {
    name: 'slim',
    wrap(task) {
      const network = slimNetwork(task.network, prune);
      known.set(network, describe(task.network, network));
      return { ...task, network };
    },
    open(task, length) {
      const about = known.get(task.network);
      return { ...plain().open(task, length), ...(about === undefined ? {} : { about }) };
    },
  };
}

function describe(full: Network, slim: Network): string {
  const [left, of] = [numbersIn(slim), numbersIn(full)];
  const grouped = new Intl.NumberFormat('en').format;
  return `uniformly slim: ${grouped(left)} of ${grouped(of)} parameters (${((100 * left) / of).toFixed(1)} %)`;
}

function numbersIn({ parameters }: Network): number {
  return parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}
