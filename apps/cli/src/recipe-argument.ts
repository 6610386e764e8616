// From what was typed to a recipe: a name or a file, then the changes.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { MaNetError } from '@ma-net/core';
import { findRecipe, recipes } from '@ma-net/recipes';
import { override, parseRecipe, type Recipe } from '@ma-net/run';

export interface RecipeArguments {
  readonly recipe?: string;
  readonly set: readonly string[];
  readonly data?: string;
  readonly method?: string;
  readonly seed?: number;
}

/** The recipe to train. Throws `unknown-name`, `not-found` or `bad-recipe`. */
export function resolveRecipe({ recipe: wanted, set, data, method, seed }: RecipeArguments): Recipe {
  if (wanted === undefined) {
    throw new MaNetError('bad-argument', 'There is nothing to train: no recipe was named.', {
      where: '--recipe',
      hint: `pass --recipe <name>, one of ${Object.keys(recipes).join(', ')}; or --resume <run>.`,
    });
  }
  const base = wanted.endsWith('.json') ? readRecipe(wanted) : findRecipe(wanted);
  const changed = override(base, [
    ...set,
    ...(method === undefined ? [] : [`method=${method}`]),
    ...(seed === undefined ? [] : [`seed=${seed}`]),
    ...(data === undefined ? [] : [`data.path=${JSON.stringify(data)}`]),
  ]);
  const { path } = changed.data;
  // The run is looked at from other directories later.
  return path === undefined ? changed : { ...changed, data: { ...changed.data, path: resolve(path) } };
}

function readRecipe(path: string): Recipe {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new MaNetError('not-found', 'The recipe cannot be read.', {
      where: path,
      hint: 'write one with "manet train --recipe <name> --print > my-recipe.json".',
      cause,
    });
  }
  try {
    return parseRecipe(JSON.parse(text), path);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new MaNetError('bad-recipe', `The recipe is not JSON: ${cause.message}`, {
      where: path,
      hint: 'start from "manet train --recipe <name> --print > my-recipe.json".',
      cause,
    });
  }
}
