export {
  countMacs,
  countParameters,
  type ParameterCount,
} from './connections.ts';
export {
  type AtBudget,
  atThresholds,
  budgetCurve,
  type ExitScores,
  exitScores,
  exitShares,
  exitThresholds,
} from './early-exit.ts';
export { type ClassificationMeter, classificationMeter } from './ranking.ts';
export {
  type PairedSummary,
  pairedDifferences,
  proportionInterval,
  studentT,
  type Summary,
  summarise,
} from './spread.ts';
export {
  type CocoDetection,
  type CocoMeasure,
  type CocoNumbers,
  type CocoObject,
  type CocoOptions,
  type CocoResult,
  evaluateCoco,
} from './coco/evaluate.ts';
export { type BoxXywh, boxOverlap, maskOverlap, type MeasuredMask, measureMask } from './coco/overlap.ts';
export { boxToRle, polygonsToRle, polygonToRle } from './coco/polygon.ts';
export {
  countsFrom,
  countsToText,
  decodeMask,
  encodeMask,
  maskArea,
  maskBox,
  maskIntersection,
  mergeMasks,
  type Rle,
} from './coco/rle.ts';
export { type ImageTruths, packTruths, unpackTruths } from './coco/truths.ts';
export { type CocoResultEntry, resultEntry } from './coco/results.ts';
export { cocoMeasures } from './coco/measures.ts';
