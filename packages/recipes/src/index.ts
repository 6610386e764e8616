export { findRecipe, type RecipeName, recipes } from './registry.ts';
