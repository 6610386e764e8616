// The environment that tfjs-core's specs run in: the engine, as a backend that cannot be read synchronously.

import { registerBackend } from '@tensorflow/tfjs-core';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js';
import { OnnxBackend } from '../src/backend.ts';
import { registerKernels } from '../src/register.ts';
import '../src/runtime.ts';
import * as runtime from 'onnxruntime-node';

registerBackend(
  'onnx',
  () => new OnnxBackend(runtime, new MathBackendCPU(), { provider: 'cpu', threads: 2 }),
);
registerKernels('onnx');
setTestEnvs([{ name: 'onnx', backendName: 'onnx', isDataSync: false }]);
