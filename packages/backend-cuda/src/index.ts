export { cuda } from './adapter.ts';
export { tensorflow, type TensorflowOptions } from './tensorflow.ts';
export type { Gpu } from './nvidia.ts';
