export { type InputFacts, type NetworkFacts, toMetadata } from './network-facts.ts';
