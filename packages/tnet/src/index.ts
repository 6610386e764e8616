export type { TNetOptions } from './options.ts';
export { type ResNetShape, resnet } from './resnet.ts';
export { createTNet, type TNetName, tnetNames, zoo } from './zoo.ts';
