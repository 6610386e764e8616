export { type InputFacts, type NetworkFacts, toMetadata } from './network-facts.ts';
export { loadNetwork, saveNetwork, type TrainedNetwork } from './network-file.ts';
export { dataFacts, type OpenRun, openRun, runOf } from './open.ts';
