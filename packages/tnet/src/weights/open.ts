import type { HubOptions } from '../options.ts';
import type { ReadWeights } from './read.ts';

/**
 * The tensors of a weight file: by its path in Node, by its address in a browser, or `hub:owner/name`. `name` is that of
 * the network, for messages and for `hub`. Throws `not-found`, `bad-file`, and what a download throws.
 */
export async function readWeights(name: string, weights: string, hub?: HubOptions): Promise<ReadWeights> {
  const { readWeights: read } = await import('#read');
  return read(name, weights, hub);
}
