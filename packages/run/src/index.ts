export { partNamed, shortName } from './choose.ts';
export { override } from './override.ts';
export {
  defineRecipe,
  parseFrame,
  parseRecipe,
  type Recipe,
  recipeFrame,
  type RecipeParts,
  resolveParts,
  type Slot,
  slots,
} from './recipe.ts';
export { parseReproduction, type Reproduction, type ReproducedRow, reproducedRows } from './reproduction.ts';
export { type JsonSchema, recipeSchema } from './recipe-schema.ts';
