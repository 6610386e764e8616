export { type DetrOptions, detrBody, outputsOf, type Predicted } from './body.ts';
export { deformableConv } from './deformable-conv.ts';
export { detr, type DetrTaskOptions } from './detr.ts';
export { type DynamicDecoderOptions, dynamicDecoderLayer, type DynamicState } from './dynamic-decoder.ts';
export { dynamicEncoderBlock, type DynamicEncoderOptions } from './dynamic-encoder.ts';
export { DYNAMIC_DETR_R50, type DynamicDetrOptions, dynamicDetrNetwork } from './dynamic-network.ts';
export { backboneGroups, DETR_R50, type DetrNetworkOptions, detrNetwork } from './network.ts';
export { setLoss, type SetLossOptions, type SetTargets } from './set-loss.ts';
export {
  type Classification,
  matchSet,
  type SetObjects,
  type SetPrediction,
  type SetWeights,
} from './set-match.ts';
export { decoderLayer, encoderLayer, type TransformerOptions } from './transformer.ts';
export { type StartedDetr, withDetrWeights } from './weights.ts';
