export type { Activation } from './activation.ts';
export { applyCompaction, type Compacted, compactMasks } from './compaction.ts';
export { type CompactionPlan, describeCompaction, planCompaction } from './compaction-plan.ts';
export type { Cut } from './cuts.ts';
export { contrastiveLoss } from './contrastive.ts';
export { type GateOptions, type GradientRule, gatesOf, modulate } from './gates.ts';
export { type Selection, select, selection } from './select.ts';
export { describeGroup, type GroupText } from './describe-group.ts';
export { descriptors } from './descriptors.ts';
export { type Decider, decideOn, type Verdict, type Worth } from './decide.ts';
export { latencyMeasure } from './latency.ts';
export {
  type LayerSample,
  layerSamples,
  measureLatency,
  type Stopwatch,
} from './latency-samples.ts';
export { type LatencyTable, latencyTable, type LayerTimes, timeAt } from './latency-table.ts';
export { createMNet, type MNet, type ModulationInputs, type Modulations } from './mnet.ts';
export { DEFAULT_OPTIONS, type MNetChoices, type MNetOptions, mnetOptions } from './options.ts';
export type { Partition } from './partition.ts';
export { describePlan } from './describe-plan.ts';
export {
  applyPlan,
  planOfMasks,
  planPruning,
  type PrunePlan,
} from './plan.ts';
export {
  type ConnectionRule,
  DEFAULT_KAPPA,
  describeRule,
  letsUnitsGo,
  NEURON_LEVEL,
  parsePruneRule,
  type PruneRule,
  pruneRule,
  tableOf,
  targetOf,
  type TimeRule,
  type UnitRule,
  type UnitTargetRule,
  withTargets,
} from './prune-rule.ts';
export {
  type HostScores,
  masksOf,
  thresholds,
} from './thresholds.ts';
export { slimNetwork } from './slim.ts';
export {
  allUnits,
  livingUnits,
  type LooseGroup,
  looseGroups,
  type Touching,
  type UnitGroup,
  unitGroups,
  type UnitMasks,
} from './unit-groups.ts';
export { masksOfUnits, unitsOfMasks } from './unit-masks.ts';
export {
  costOf,
  leastCost,
  planUnits,
  slimUnits,
  type UnitFloor,
  type UnitPlan,
  unitsBelow,
  type UnitTarget,
} from './unit-plan.ts';
export { unitMagnitudes, unitScores, type UnitScores } from './unit-scores.ts';
export {
  type CostTerm,
  macMeasure,
  type Measure,
  measured,
  measuresOf,
  parameterMeasure,
} from './unit-size.ts';
