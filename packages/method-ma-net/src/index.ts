export { maNet } from './ma-net.ts';
export {
  connectionShapes,
  type MaskKeeper,
  maskKeeper,
  type MaskOptions,
  maskChange,
  maskTensors,
  type NewMasks,
  readScores,
} from './masks.ts';
export { defaultMaNet, type MaNetChoices, type MaNetOptions, maNetOptions } from './options.ts';
export { competitionAt, masksMayChange, progress, type Ramp, removedAt } from './ramps.ts';
export {
  defaultAstrocyteIterations,
  defaultPlainRounds,
  LAST_NEURON_BATCHES,
  plainBatches,
  planRounds,
  type RoundKind,
  type RoundsOptions,
  turnAt,
} from './rounds.ts';
export { type Given, weightStep } from './steps.ts';
export { maNetInTurn, ROUNDS_IN_TURN } from './timing.ts';
