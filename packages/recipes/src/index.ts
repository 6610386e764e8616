export { override } from './override.ts';
export { findRecipe, type RecipeName, recipes } from './registry.ts';
export { parseRecipe, type Recipe } from './schema.ts';
