// What a run of a search found, as the recipe to train next.

import type { Installed } from '@ma-net/core';
import { parseRecipe, type Recipe } from '@ma-net/run';
import type { OpenRun } from '@ma-net/run/node';
import { foundRecipe, type Genotype, type Searching, searches } from '@ma-net/search';
import type { TrainingState } from '@ma-net/trainer';

/** The genotype that a run has found so far; undefined where its method searches nothing. */
export async function genotypeFound(
  { training }: Pick<OpenRun, 'training'>,
  { sections }: TrainingState,
): Promise<Genotype | undefined> {
  const { found } = training as Partial<Searching<never>>;
  return found === undefined ? undefined : (await found(sections)).genotype;
}

/**
 * What is trained after a search: the network that was found, with the sizes of its supernet, as the first of `recipes` that
 * trains one network says, so that all have the same data, mini-batches and method; where none does, as the search itself says.
 */
export function nextToTrain(recipes: readonly Recipe[], installed: Installed) {
  const like = recipes.find((recipe) => !searches(recipe));
  return async (open: OpenRun, state: TrainingState): Promise<Recipe | undefined> => {
    const genotype = await genotypeFound(open, state);
    if (genotype === undefined) return undefined;
    const own = foundRecipe(open.recipe, genotype);
    const { name, about, network } = own;
    const recipe = like === undefined ? own : { ...like, name, about, network };
    return parseRecipe(JSON.parse(JSON.stringify(recipe)), name, installed);
  };
}
