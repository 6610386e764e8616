export { type Best, type BestState, bestState } from './best-state.ts';
export { type CompareOptions, type Comparison, compare, type RecipeComparison } from './compare.ts';
export {
  type ComparedRun,
  type MethodSummary,
  type RunResult,
  summariesOf,
} from './compare-result.ts';
export { factsOf, networkFacts, resumption, splitsOf } from './facts.ts';
export { importModule } from './import-module.ts';
export { masksInForce } from './host-state.ts';
export { measuredRecipe, measuredRule, millisecondsPerImage, stopwatch } from './latency.ts';
export { type Importer, installedIn, together } from './installed.ts';
export {
  type Building,
  type ClosedRun,
  type Known,
  knownOf,
  openClosedRun,
  openFor,
  type OpenRun,
  openRun,
  openRunData,
  type RunData,
  runOf,
  testSet,
} from './open.ts';
export { openPredictor, type Predictor } from './predictor.ts';
export { testMeasures, predictions, secondsPerImage } from './predictions.ts';
export {
  type Decision,
  type DecisionOptions,
  decide,
  describeDecision,
  describeGroups,
  prepare,
} from './prepared-network.ts';
export type { CheckpointFile } from './checkpoint-files.ts';
export type { MetricLine } from './metrics-file.ts';
export {
  continueRunDirectory,
  createRunDirectory,
  isOwnName,
  openRunDirectory,
  type RunDirectory,
  type RunFacts,
  type RunWriter,
} from './run-directory.ts';
export { sameAs, whyDigitsDiffer } from './same-digits.ts';
export {
  continueSavedRun,
  openSavedRun,
  requireBest,
  requireCheckpoint,
  type SavedRun,
  type Tell,
  withData,
} from './saved-run.ts';
export { followRanks, type Invited, leadRanks, trainPart } from './shared-run.ts';
export { shrink, type ShrinkOptions, type Shrunk, type Worth } from './shrink.ts';
export {
  type Axis,
  type FailedRun,
  forgetFailures,
  runsOf,
  type Setting,
  settingsOf,
  settingSummaries,
  type SettingSummary,
  sweep,
  type Sweep,
  type SweepOptions,
  type SweptResult,
  type SweptRun,
} from './sweep.ts';
export {
  type Begun,
  continuedRun,
  openedRun,
  type TrainedRun,
  type TrainOptions,
  trainRun,
} from './train-run.ts';
