export {
  type ClassificationBatch,
  type ClassificationOptions,
  classesOf,
  classification,
} from './classification.ts';
