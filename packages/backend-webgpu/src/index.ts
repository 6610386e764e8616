export { webgpu } from './adapter.ts';
