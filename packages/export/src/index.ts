export { type NetworkFacts, toMetadata } from './network-facts.ts';
