export type { Activation } from './activation.ts';
export { contrastiveLoss } from './contrastive.ts';
export { type GateOptions, type GradientRule, gatesOf, modulate } from './gates.ts';
export { createMNet, type Evaluation, type EvaluationInputs, type MNet } from './mnet.ts';
export { DEFAULT_OPTIONS, type MNetOptions } from './options.ts';
export type { Partition } from './partition.ts';
export {
  fullMasks,
  type HostMasks,
  type HostScores,
  masksOf,
  type PruneRule,
  thresholds,
} from './thresholds.ts';
