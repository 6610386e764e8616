export { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
export type { Listener, TrainingEvent } from './events.ts';
export { fit, type Run } from './fit.ts';
export { effectiveParams } from './modulation.ts';
export {
  type AdamWOptions,
  clipByGlobalNorm,
  type OptimizerOptions,
  optimizerStep,
  type SgdOptions,
  type Update,
} from './optimizers.ts';
export { defaultModulation, type ModulationOptions, type TrainingOptions } from './options.ts';
export { competitionAt, masksMayChange, progress, type Ramp, removedAt } from './ramps.ts';
export { recalibrate } from './recalibrate.ts';
export {
  defaultAstrocyteIterations,
  LAST_NEURON_BATCHES,
  planRounds,
  type Round,
  roundAt,
  type RoundKind,
  type RoundsOptions,
} from './rounds.ts';
export { learningRateAt, type Schedule } from './schedules.ts';
export { disposeState, initialState, SECTIONS, type Section, type TrainingState } from './state.ts';
export { type StepTimes, type TimeStepsOptions, timeSteps } from './time-steps.ts';
