export { fcosTask, type FcosTaskOptions } from './fcos.ts';
export { fcosNetwork } from './network.ts';
export { withFcosWeights } from './weights.ts';
