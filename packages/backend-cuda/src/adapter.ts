import type { BackendAdapter } from '@ma-net/core';
import { tensorflow } from './tensorflow.ts';

/** NVIDIA GPUs under Linux and Windows: libtensorflow 2.9.1, CUDA 11.2, cuDNN 8.1. */
export const cuda: BackendAdapter = tensorflow({
  name: 'cuda',
  priority: 40,
  module: '@tensorflow/tfjs-node-gpu',
  device: 'gpu',
});
