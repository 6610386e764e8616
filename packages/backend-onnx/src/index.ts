export { createOnnxBackend, onnx, type OnnxOptions, type Provider } from './adapter.ts';
export { type ExportInput, exportOnnx, type ExportOptions } from './export.ts';
