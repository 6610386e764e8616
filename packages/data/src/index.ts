export type { Augmentation } from './augment.ts';
export { type Batches, evaluationBatches, recalibrationBatches } from './batches.ts';
export {
  CIFAR10_CLASSES,
  CIFAR10_NORMALISATION,
  CIFAR10_RECORD_BYTES,
  CIFAR10_SHAPE,
  countCifar10Records,
  decodeCifar10,
} from './cifar10.ts';
export { parseDigits } from './digits.ts';
export {
  createImageSet,
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
export { type ImageBatch, tensorBatches, toTensors } from './tensors.ts';
