// What reads files. Nothing else in the package does.

export { readAnnotations } from './annotations.ts';
export { cocoDataset, type CocoDatasetOptions } from './dataset.ts';
export { type Place, scanLists, type Visit } from './scan.ts';
