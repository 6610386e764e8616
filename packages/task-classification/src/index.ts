export {
  type ClassificationBatch,
  type ClassificationOptions,
  type ClassPrediction,
  classesOf,
  classification,
} from './classification.ts';
