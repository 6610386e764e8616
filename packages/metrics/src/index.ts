export {
  countMacs,
  countParameters,
  type KeptConnections,
  keptConnections,
  type Masks,
  type ParameterCount,
} from './connections.ts';
export { type ClassificationMeter, classificationMeter } from './ranking.ts';
export { type PairedSummary, pairedDifferences, type Summary, summarise } from './spread.ts';
