export { factsOf, networkFacts, resumption } from './facts.ts';
export { hostMasks, hostScores } from './host-state.ts';
export { dataFacts, type OpenRun, openRun, runOf } from './open.ts';
export { accuracy, predictions, secondsPerImage } from './predictions.ts';
export {
  type Decision,
  type DecisionOptions,
  decide,
  describeDecision,
  prepare,
} from './prepared-network.ts';
export { createRunDirectory, type MetricLine, openRunDirectory, type RunDirectory } from './run-directory.ts';
export { openSavedRun, requireCheckpoint, type SavedRun, withData } from './saved-run.ts';
