export { chromium, mpirun, swiftshader, tfjsNode, useSwiftShader } from './equipment.ts';
export { type Ended, underMpi } from './ranks.ts';
export { type StockWebgpu, stockWebgpu } from './stock-webgpu.ts';
