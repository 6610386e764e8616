import { findRecipe, recipes } from '@ma-net/recipes';
import { createScreen } from '../screen.ts';

/** `manet recipes`: one line each, or all of one as JSON. Throws `unknown-name`. */
export function listRecipes(name?: string): void {
  const screen = createScreen();
  if (name !== undefined) return screen.line(JSON.stringify(findRecipe(name), null, 2));
  const width = Math.max(...Object.keys(recipes).map((n) => n.length));
  for (const [recipe, make] of Object.entries(recipes))
    screen.line(`${recipe.padEnd(width)}  ${make().about}`);
}
