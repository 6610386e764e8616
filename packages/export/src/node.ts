export type { Format, FormatOptions } from './format.ts';
export { type FormatName, formats } from './formats.ts';
export { type LoadOptions, loadNetwork, saveNetwork, type TrainedNetwork } from './network-file.ts';
export { type TestImages, type Verified, verify } from './verify.ts';
