import { MaNetError } from '@ma-net/core';
import { fieldDocs, findRecipe, recipes } from '@ma-net/recipes';
import { recipeSchema } from '@ma-net/run';
import { installed } from '../installed.ts';
import { createScreen } from '../screen.ts';

export interface RecipesArguments {
  readonly schema?: boolean;
}

/** `manet recipes`: one line each, or all of one as JSON, or what all may say. Throws `unknown-name`. */
export async function listRecipes(name: string | undefined, { schema }: RecipesArguments): Promise<void> {
  const screen = createScreen();
  if (schema === true) {
    if (name === undefined)
      return screen.line(JSON.stringify(await recipeSchema(installed(), fieldDocs), null, 2));
    throw new MaNetError('bad-argument', 'All recipes have one schema.', {
      where: '--schema',
      hint: `leave "${name}" out.`,
    });
  }
  if (name !== undefined) return screen.line(JSON.stringify(findRecipe(name), null, 2));
  const width = Math.max(...Object.keys(recipes).map((n) => n.length));
  for (const [recipe, make] of Object.entries(recipes))
    screen.line(`${recipe.padEnd(width)}  ${make().about}`);
}
