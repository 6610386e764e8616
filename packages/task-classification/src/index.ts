export { type ClassificationBatch, type ClassificationOptions, classification } from './classification.ts';
