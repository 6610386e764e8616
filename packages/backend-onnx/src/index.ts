export { createOnnxBackend, onnx, type OnnxOptions } from './adapter.ts';
export { type ExportInput, exportOnnx, type ExportOptions } from './export.ts';
export type { Provider } from './probe.ts';
