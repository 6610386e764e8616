export type { Block, BlockPlace, PlugIns } from './attention/block.ts';
export type { AttentionChoice } from './attention/choice.ts';
export {
  type ExcitationOptions,
  type ResidualGroupOptions,
  residualGroupExcitation,
  spatialPyramidExcitation,
  squeezeExcitation,
} from './attention/excitation.ts';
export {
  type SelfAttentivePoolingOptions,
  selfAttentivePooling,
} from './attention/self-attentive-pooling.ts';
export { type DenseNetShape, densenet, densenetBody } from './densenet.ts';
export type { ExitOptions, HubOptions, ResidualOptions, TNetOptions, TransformerOptions } from './options.ts';
export { type MsdNetOptions, type MsdNetShape, msdnet } from './msdnet.ts';
export { type ResNetShape, resnet, resnetBody } from './resnet.ts';
export { type SwinShape, swin, swinBody } from './swin.ts';
export { type ViTShape, vit, vitBody } from './vit.ts';
export { type WideResNetShape, wideResnet, wideResnetBody } from './wide-resnet.ts';
export { type Formats, type FromPyTorch, fromPyTorch, toPyTorch, torchNames } from './weights/formats.ts';
export { describeWeights } from './weights/describe.ts';
export { type Started, startingFrom, type WeightReport, withWeights } from './weights/load.ts';
export { type PublishedWeights, published } from './weights/published.ts';
export type { Format, HostTensors, Place } from './weights/rules.ts';
export { type CreateOptions, createTNet, type TNetName, tnetNames, zoo } from './zoo.ts';
export { readWeights } from './weights/open.ts';
export type { ReadWeights } from './weights/read.ts';
