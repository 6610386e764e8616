export { fieldDocs } from './field-docs.ts';
export { ourParts } from './our-parts.ts';
export { findReproduction, reproductions } from './reproductions.ts';
export { findRecipe, type RecipeName, recipes } from './registry.ts';
export { type FineTuning, fineTuning, ownPhotos, type PhotoChoices, shrinkRecipe } from './shrink.ts';
