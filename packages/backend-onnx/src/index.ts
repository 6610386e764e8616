export { createOnnxBackend, onnx, type OnnxOptions } from './adapter.ts';
export { type ExportInput, exportOnnx, type ExportOptions } from './export.ts';
export type { Provider } from './runtime.ts';
export { onnxMetadata } from './read-metadata.ts';
export { type Numbers, type OnnxModel, openOnnx, runOnnx } from './run-model.ts';
export { type Tensors, trace, type Trace, type TraceInput, type TraceOutput } from './trace.ts';
