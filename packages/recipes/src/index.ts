export { ourParts } from './our-parts.ts';
export { findRecipe, type RecipeName, recipes } from './registry.ts';
