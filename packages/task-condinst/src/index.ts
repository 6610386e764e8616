export { condInstTask, type CondInstTaskOptions } from './condinst.ts';
export { condInstNetwork } from './network.ts';
