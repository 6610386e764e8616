export { rcnnDetections } from './detections.ts';
export { type RcnnLosses, rcnnLosses } from './loss.ts';
export {
  RCNN_LEVELS,
  type RcnnLevel,
  type RcnnNetwork,
  rcnnNetwork,
  type RcnnOutput,
  type RcnnShape,
} from './network.ts';
export { type Proposals, proposalsOf } from './proposals.ts';
export { rcnn, type RcnnBatch } from './rcnn.ts';
export {
  RCNN_RULES,
  type RcnnAmounts,
  type RcnnRules,
  rcnnRules,
  type RoiRules,
  type RpnRules,
  type RuleSet,
} from './rules.ts';
export { type Draw, drawsOf, type Objects, roiTargets, rpnTargets } from './targets.ts';
export { rcnnFormats, withRcnnWeights } from './weights.ts';
