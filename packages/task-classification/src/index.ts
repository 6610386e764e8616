export { type RankedClass, topClasses } from './top-classes.ts';
export {
  type ClassificationBatch,
  type ClassificationOptions,
  type ClassPrediction,
  classesOf,
  classification,
} from './classification.ts';
