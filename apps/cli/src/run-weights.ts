// A run as the weights that another begins with.

import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Recipe } from '@ma-net/run';
import { exportNetwork } from './commands/export.ts';
import type { Screen } from './screen.ts';

/**
 * A recipe whose `network.weights` names a run takes what `manet export` makes of it, `network.safetensors` in its folder,
 * written first where the run has gone on since. Any other recipe stays as it is.
 */
export async function withRunWeights(
  recipe: Recipe,
  args: { readonly backend: string; readonly threads?: number },
  screen: Screen,
): Promise<Recipe> {
  const { weights } = recipe.network;
  if (typeof weights !== 'string' || !existsSync(join(weights, 'run.json'))) return recipe;
  const out = join(weights, 'network.safetensors');
  if (!isNewer(out, join(weights, 'checkpoint.safetensors'))) {
    const { backend, threads } = args;
    const how = { format: 'safetensors', normalisation: true, model: false } as const;
    await exportNetwork(
      weights,
      { ...how, backend, out, ...(threads === undefined ? {} : { threads }) },
      screen,
    );
  }
  return { ...recipe, network: { ...recipe.network, weights: out } };
}

function isNewer(file: string, than: string): boolean {
  if (!existsSync(file) || !existsSync(than)) return existsSync(file);
  return statSync(file).mtimeMs >= statSync(than).mtimeMs;
}
