export { type DenseNetShape, densenet } from './densenet.ts';
export type { TNetOptions } from './options.ts';
export { type ResNetShape, resnet } from './resnet.ts';
export { type SwinShape, swin } from './swin.ts';
export { type ViTShape, vit } from './vit.ts';
export { type WideResNetShape, wideResnet } from './wide-resnet.ts';
export { createTNet, type TNetName, tnetNames, zoo } from './zoo.ts';
