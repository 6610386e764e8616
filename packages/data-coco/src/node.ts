// What reads files. Nothing else in the package does.

export { readAnnotations } from './annotations.ts';
export { checkCoco, type CheckProgress, type CocoReport } from './check.ts';
export { cocoDataset, type CocoDatasetOptions } from './dataset.ts';
export { type Place, scanLists, type Visit } from './scan.ts';
export { type CocoPlace, type CocoPlaces, findCoco, readCoco } from './folder.ts';
export { cocoMakers, cocoPhotoCollate } from './photo-collate.ts';
export { type CocoResults, measureResults, type MeasuredResults, readResults } from './results.ts';
