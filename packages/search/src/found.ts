// What was found as a recipe to train: the search's own data and task, or those of another recipe, and the network of the
// genotype in the place of theirs.

import { MaNetError } from '@ma-net/core';
import { type Genotype, genotypeJson, type SpaceName } from './genotype.ts';

/** The fields of a recipe that change; all others are kept. */
export interface Searched {
  readonly name: string;
  readonly about: string;
  readonly network: { readonly use: string; readonly [option: string]: unknown };
  readonly method: { readonly use: string; readonly [option: string]: unknown };
}

const NETWORKS = {
  darts: '@ma-net/search#darts-network',
  'nas-bench-201': '@ma-net/search#nas-bench-201-network',
};
const SUPERNET = '@ma-net/search#supernet';

/** Whether a recipe's network is a supernet, of which one network is to be found. */
export const searches = ({ network }: Pick<Searched, 'network'>): boolean => network.use === SUPERNET;

/** The space that a recipe searches. Throws `bad-recipe` for one that trains a network as it is. */
export function searchedSpace({ name, network }: Searched): SpaceName {
  if (searches({ network })) return network['space'] as SpaceName;
  throw new MaNetError('bad-recipe', `The recipe "${name}" trains one network: there is nothing to search.`, {
    where: 'network.use',
    hint: `choose one whose network is ${SUPERNET}, such as digits-darts-search.`,
  });
}

/**
 * Throws `network-mismatch` unless a recipe can train what is found in a space: its network is one of genotypes of that
 * space, or the supernet itself.
 */
export function assertTrains({ name, network }: Searched, space: SpaceName): void {
  const use = NETWORKS[space];
  if (network.use === use || (searches({ network }) && network['space'] === space)) return;
  throw new MaNetError(
    'network-mismatch',
    `What is found is of the space "${space}", and the recipe trains ${network.use}.`,
    { where: `recipe "${name}", network.use`, hint: `choose a recipe of ${use}, or leave it out.` },
  );
}

/**
 * The recipe `into`, with the network of a genotype: of the sizes of its own network, or of the supernet where it is the
 * search itself, which then trains the network alone. Throws what `assertTrains` throws.
 */
export function foundRecipe<R extends Searched>(into: R, genotype: Genotype): R {
  assertTrains(into, genotype.space);
  const use = NETWORKS[genotype.space];
  const named = { name: `${into.name}-found`, about: `what ${into.name} found` };
  if (into.network.use === use)
    return { ...into, ...named, network: { ...into.network, genotype: genotypeJson(genotype) } };
  const { channels, layers } = into.network;
  const cells = genotype.space === 'darts' ? { layers } : { cells: layers };
  return {
    ...into,
    ...named,
    network: {
      use,
      genotype: genotypeJson(genotype),
      ...(channels === undefined ? {} : { channels }),
      ...(layers === undefined ? {} : cells),
    },
    method: { use: '@ma-net/baselines#plain' },
  };
}
