export { type Classifier, loadClassifier, type ModelSource, type PageImage } from './classifier.ts';
export { decodeNetwork, encodeNetwork, type LoadOptions, type TrainedNetwork } from './network-bytes.ts';
export { type NetworkFacts, toMetadata } from './network-facts.ts';
export { encodeOnnx } from './onnx-bytes.ts';
