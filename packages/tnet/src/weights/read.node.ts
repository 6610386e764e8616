// Networks of the zoo with the weights of a file or of the hub. Node only.

import { MaNetError, type Network } from '@ma-net/core';
import { readSafetensors } from '@ma-net/core/node';
import type { TNetOptions } from '../options.ts';
import { createTNet, type TNetName } from '../zoo.ts';
import { downloadWeights, type HubOptions } from './hub.ts';
import { type WeightReport, withWeights } from './load.ts';
import { published } from './published.ts';

export interface LoadOptions extends TNetOptions {
  /**
   * Path of a safetensors file with torchvision's or timm's names; `hub` for the published weights of this
   * network, `hub:owner/name` for others.
   */
  readonly weights: string;
  readonly hub?: HubOptions;
}

/**
 * Builds a task network by name whose `init` starts from a weight file. Throws `unknown-name`, `not-found`,
 * `bad-file`, and `network-mismatch` when the weights belong to another architecture.
 */
export async function loadTNet(
  name: string,
  { weights, hub, ...options }: LoadOptions,
): Promise<{ readonly network: Network; readonly report: WeightReport }> {
  const network = await createTNet(name, options);
  const repo = repoOf(name, weights);
  const path = repo === undefined ? weights : await downloadWeights({ repo }, hub);
  return withWeights(network, (await readSafetensors(path)).tensors, path);
}

function repoOf(name: string, weights: string): string | undefined {
  if (weights.startsWith('hub:')) return weights.slice('hub:'.length);
  if (weights !== 'hub') return undefined;
  const known = published[name as TNetName];
  if (known !== undefined) return known.repo;
  throw new MaNetError('not-found', `Nobody has published weights of "${name}" that we know of.`, {
    hint: `pass a file, or "hub:owner/name". Published: ${Object.keys(published).join(', ')}.`,
  });
}
