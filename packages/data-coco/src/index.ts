export type { CocoAnnotation, CocoAnnotations, CocoImage, Segmentation } from './objects.ts';
export { type CocoBatch, cocoBatchesInOrder } from './batch.ts';
export { cocoData, type CocoDataOptions, type CocoMakers, type CocoSets } from './coco-data.ts';
export { cocoCollate, type CocoCollateOptions, type CocoSample } from './collate.ts';
export { scenes, type SceneOptions } from './scenes.ts';
export { paddedSide, resizedSize, type ResizeRule, type Size } from '@ma-net/data';
export {
  drawView,
  plainView,
  type View,
  viewedBox,
  viewedMask,
  viewedPicture,
  type ViewOptions,
} from './view.ts';
