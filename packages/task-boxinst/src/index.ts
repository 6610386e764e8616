export { boxInstTask, type BoxInstTaskOptions } from './boxinst.ts';
export { countIterations } from './iterations.ts';
export { boxInstNetwork } from './network.ts';
