export { askable } from './askable.ts';
export type { Format, FormatOptions, OpenFile, Written } from './format.ts';
export { pytorchModel } from './pytorch/text.ts';
export { type LoadOptions, loadNetwork, saveNetwork, type TrainedNetwork } from './network-file.ts';
export { type TestImages, type Verified, verify } from './verify.ts';
