// The order matters: the engine has to be tfjs-core's own, not the copy inside the bundle of gradients.
import '@tensorflow/tfjs-core';
import '../generated/gradients.js';
import './relu-gradient.ts';
import * as ops from './ops/index.ts';

export { attention, softmax, type WindowAttention, windowAttention } from './attention.ts';
export {
  type BackendAdapter,
  chooseBackend,
  currentBackend,
  type Prepared,
  type Probe,
  refusalOf,
  type RunningBackend,
  type StartOptions,
  startBackend,
  sync,
  type Tolerance,
} from './backend.ts';
export type { Batch, BatchSource, Share } from './batch-source.ts';
export { type Backpropagated, backpropagate, type Forward, type Objective } from './backpropagate.ts';
export type { Bucket, Collate, Collated, Dataset, HostBatch, Remote } from './dataset.ts';
export { defineNetwork, type NetworkOptions } from './define.ts';
export { type ErrorCode, type ErrorDetails, MaNetError, nearest, suggestion } from './errors.ts';
export { evaluate } from './evaluate.ts';
export { type CheckOptions, checked, fieldsAt } from './fields.ts';
export { assertFinite, assertFloats } from './finite.ts';
export { globalNorm, stopGradient, type ValueAndGrad, valueAndGrad } from './gradient.ts';
export type { HostInput, HostKernel, HostSpec } from './host-kernel.ts';
export {
  type Initializer,
  initialValues,
  kaimingFanOut,
  ones,
  uniformFanIn,
  xavierUniform,
  zeros,
} from './init.ts';
export {
  type Affine,
  avgPool,
  BATCH_NORM_MOMENTUM,
  batchNorm,
  conv2d,
  dense,
  gelu,
  globalAveragePool,
  layerNorm,
  maxPool,
  NORM_EPSILON,
  type RunningMoments,
  runningBatchNorm,
} from './layers.ts';
export { crossEntropy } from './losses.ts';
export { lookAt, type Looked } from './look.ts';
export type {
  Decision,
  MaskChange,
  Method,
  Ranks,
  Removal,
  Round,
  RunLength,
  Sections,
  SectionSpec,
  Step,
  Training,
} from './method.ts';
export type {
  CouplingGroup,
  CouplingMember,
  ForwardContext,
  ForwardResult,
  ModulatedKernel,
  Network,
  ParameterSpec,
  Pin,
  StatisticSpec,
  StepRanks,
  ValueInfo,
} from './network.ts';
export { settle, type Settled, type Weighed } from './settle.ts';
export { sharedCount } from './shared-count.ts';
export type { Ledger, Shapes } from './ledger.ts';
export type { Op, Weights } from './op.ts';
export type { AdaptiveAvgPoolOptions } from './ops/adaptive-avg-pool.ts';
export type { AttentionOptions } from './ops/attention.ts';
export type { ConvOptions } from './ops/conv.ts';
export type { CropOptions } from './ops/crop.ts';
export type { DenseOptions } from './ops/dense.ts';
export type { DepthwiseConvOptions } from './ops/depthwise-conv.ts';
export type { DropPathOptions } from './ops/drop-path.ts';
export type { DropOptions } from './ops/dropout.ts';
export type { EmbeddingOptions } from './ops/embedding.ts';
export type { GridPositionsOptions } from './ops/grid-positions.ts';
export type { GroupNormOptions } from './ops/group-norm.ts';
export type { GroupedConvOptions } from './ops/grouped-conv.ts';
export type { LayerNormOptions } from './ops/layer-norm.ts';
export type { MatmulOptions } from './ops/matmul.ts';
export type { MixOptions } from './ops/mix.ts';
export type { ScaleOptions } from './ops/scale.ts';
export type { ScaleGradientOptions } from './ops/scale-gradient.ts';
export type { TakeTokensOptions } from './ops/take-tokens.ts';
export type { UpsampleOptions } from './ops/upsample.ts';
export type { PoolOptions } from './ops/max-pool.ts';
export type { WindowAttentionOptions } from './ops/window-attention.ts';
export type {
  AdamWOptions,
  Optimization,
  OptimizerOptions,
  ParameterGroup,
  Schedule,
  SgdOptions,
} from './optimization.ts';
export {
  assertSameShapes,
  cloneParams,
  compareShapes,
  countParams,
  type HostTensor,
  type ParamDifference,
  type Params,
  param,
  pick,
  readParams,
  uploadParams,
} from './params.ts';
export { printable } from './printable.ts';
export {
  type AnyPart,
  definePart,
  findPart,
  type Installed,
  type Part,
  type PartKind,
  partsOfKind,
  type Resolved,
  resolvePart,
  type Use,
} from './part.ts';
export { assertSteps, assertTensor, Cost } from './cost.ts';
export { type JsonOptions, parseJson } from './json-text.ts';
export { excerpt } from './excerpt.ts';
export { kindOfFile } from './foreign-file.ts';
export { named } from './named.ts';
export { sha256 } from '#sha256';
export type {
  Architecture,
  Choices,
  Data,
  DataFacts,
  InputFacts,
  SplitFacts,
  TaskOn,
  WholeImage,
} from './recipe.ts';
export { type Interpreter, type Net, netOf, type Program, scoped } from './program.ts';
export { Rng, type RngState } from './rng.ts';
export { roundHalfEven } from './round.ts';
export { takeRows } from './rows.ts';
export { sampleAt } from './sample-at.ts';
export {
  decodeSafetensors,
  encodeSafetensors,
  type Safetensors,
  safetensorsParts,
} from './safetensors.ts';
export type { StoredType } from './safetensors-numbers.ts';
export type { Shaped, Space } from './spaces.ts';
export { checkStart } from './start-check.ts';
export type { Assignment, Meter, Shown, ShownObject, Task, Terms } from './task.ts';
export { fromTorchLayout, toTorchLayout, torchShape } from './torch-layout.ts';
export { type Call, type InputShapes, type Trace, trace } from './trace.ts';
export { relativePositions, shiftMask } from './windows.ts';

/** The layers of core, for `net.apply` and for programs that put one in place of another. */
export { checkMasks, type KeptConnections, keptConnections, maskOf, type Masks } from './masks.ts';
export { padOf } from './shapes.ts';
export { ops };
