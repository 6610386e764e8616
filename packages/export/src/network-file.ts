// Exported networks on a disk (Node only).

import { readSafetensors, writeSafetensors } from '@ma-net/core/node';
import { type LoadOptions, networkOf, networkTensors, type TrainedNetwork } from './network-bytes.ts';
import type { NetworkFacts } from './network-facts.ts';

/** Writes a network so that PyTorch and `loadNetwork` can read it, atomically. Borrows the tensors. */
export async function saveNetwork(path: string, network: TrainedNetwork, facts: NetworkFacts): Promise<void> {
  const { tensors, metadata } = await networkTensors(network, facts);
  await writeSafetensors(path, tensors, metadata);
}

/**
 * Reads what `saveNetwork` wrote and builds the network with the widths of the file. The caller owns the
 * tensors. Throws `not-found`, `bad-file`, `non-finite`, `unknown-name` for a part that is not installed, or
 * `network-mismatch` with the differing names and shapes.
 */
export async function loadNetwork(
  path: string,
  options: LoadOptions = {},
): Promise<TrainedNetwork & { readonly facts: NetworkFacts }> {
  return networkOf(await readSafetensors(path), options, path);
}
