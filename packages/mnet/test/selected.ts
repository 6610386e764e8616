import type { Network } from '@ma-net/core';
import { select, type Selection } from '../src/select.ts';

/** The same network, whose kernels are those that are modulated. */
export function selected<I extends string, O extends string>(
  network: Network<I, O>,
  selection?: Selection,
): Network<I, O> {
  return { ...network, kernels: select(network, selection) };
}
