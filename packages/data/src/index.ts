export type { Augmentation, Scale } from './augment.ts';
export { type Batches, evaluationBatches, recalibrationBatches } from './batches.ts';
export { type BatchesInOrder, batchesInOrder, recalibrationOf } from './batches/evaluation.ts';
export { type ImageCollateOptions, imageCollate } from './batches/image-collate.ts';
export {
  type Crew,
  createSource,
  type HostSource,
  type Job,
  type SourceOptions,
  type SourceState,
} from './batches/source.ts';
export { nearestBucket } from './batches/order.ts';
export { halves, holdOut, stratify, subset } from './batches/split.ts';
export {
  CIFAR10_CLASSES,
  CIFAR10_NORMALISATION,
  CIFAR10_RECORD_BYTES,
  CIFAR10_SHAPE,
  countCifar10Records,
  decodeCifar10,
} from './cifar10.ts';
export { parseDigits } from './digits.ts';
export { type PictureInput, pictureInput } from './photos/picture-input.ts';
export { type RgbaImage, rgbaPicture } from './photos/rgba.ts';
export { imageData, type ImageDataOptions } from './image-data.ts';
export {
  createImageSet,
  datasetOf,
  type ImageSet,
  type Normalisation,
  type ReadOptions,
  type Splits,
} from './image-set.ts';
export {
  type BatchStream,
  createStream,
  type HostBatch,
  type StreamOptions,
  type StreamState,
} from './stream.ts';
export type { Decode, EncodedPicture, ImageSample } from './sample.ts';
export {
  type ImageBatch,
  tensorBatches,
  tensorSource,
  toTensors,
  uploadBatch,
  uploadBatches,
} from './tensors.ts';
export { brightness, contrast, grey, hue, saturation } from './transforms/colour.ts';
export { erasedBox, mixedBox, type ResizedCrop, resizedCropBox, squareAround } from './transforms/crop.ts';
export { type Jitter, jitter } from './transforms/jitter.ts';
export { cutmix, type ImageArray, type Mixing, mixBatch, mixedTargets, mixup } from './transforms/mix.ts';
export { type Box, cut, mirror, type Picture } from './transforms/picture.ts';
export {
  autoAugmentCifar,
  CHANGES,
  type ChangeName,
  type RandAugment,
  randAugment,
  randAugmentIncreasing,
} from './transforms/policies.ts';
export { fittedSize, paddedSide, type ResizeRule, resizedSize, type Size } from './transforms/fitted.ts';
export { centred, type Interpolation, resize } from './transforms/resize.ts';
