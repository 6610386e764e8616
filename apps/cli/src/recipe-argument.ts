// From what was typed to a recipe: a name or a file, then the changes.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { MaNetError, parseJson } from '@ma-net/core';
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

const PRINT = '"manet train --recipe <name> --print > my-recipe.json"';

function readRecipe(path: string): Recipe {
  let content: Uint8Array;
  try {
    content = readFileSync(path);
  } catch (cause) {
    throw new MaNetError('not-found', 'The recipe cannot be read.', {
      where: path,
      hint: `write one with ${PRINT}.`,
      cause,
    });
  }
  const hint = `mend it there, or start from ${PRINT}.`;
  return parseRecipe(parseJson(content, { what: 'The recipe', where: path, code: 'bad-recipe', hint }), path);
}
