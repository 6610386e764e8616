export { askable } from './askable.ts';
export { loadClassifier } from './classifier-file.ts';
export type { Format, FormatOptions, OpenFile, Written } from './format.ts';
export { pytorchModel } from './pytorch/text.ts';
export type { LoadOptions, TrainedNetwork } from './network-bytes.ts';
export { loadNetwork, saveNetwork } from './network-file.ts';
export { forImages, otherShapes } from './shapes.ts';
export { type TestImages, type Verified, verify } from './verify.ts';
