export { override } from './override.ts';
export { parseRecipe, type Recipe } from './recipe.ts';
