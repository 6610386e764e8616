export { createOnnxBackend, onnx, type OnnxOptions, type Provider } from './adapter.ts';
