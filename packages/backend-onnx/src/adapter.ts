// The engine as the rest of the framework sees it.

import type { BackendAdapter, RunningBackend } from '@ma-net/core';
import { MaNetError } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import type { OnnxBackend } from './backend.ts';
import { type Provider, probe } from './probe.ts';

export interface OnnxOptions {
  /** Which execution provider of ONNX Runtime computes; `cpu` unless told otherwise. */
  readonly provider?: Provider;
  /** A folder that every model is written to before it is compiled, to look at with an ONNX viewer. */
  readonly dumpTo?: string;
}

const NAME = 'onnx';

/** An adapter that computes with ONNX Runtime's `provider`. */
export function createOnnxBackend({ provider = 'cpu', dumpTo }: OnnxOptions = {}): BackendAdapter {
  return {
    name: NAME,
    priority: 20,
    // Observed over the conformance tests: float32 sums in another order.
    tolerance: { rtol: 1e-4, atol: 1e-5 },
    probe: () => probe(provider),
    async start(): Promise<RunningBackend> {
      const found = await probe(provider);
      if (!found.ok)
        throw new MaNetError(
          'backend-unavailable',
          found.reason,
          found.hint === undefined ? {} : { hint: found.hint },
        );
      const { MathBackendCPU } = await import('@tensorflow/tfjs-backend-cpu');
      const { OnnxBackend } = await import('./backend.ts');
      const { registerKernels } = await import('./register.ts');
      registerKernels(NAME);
      const running = tf.findBackendFactory(NAME) === null ? null : (tf.findBackend(NAME) as OnnxBackend);
      // Starting it again keeps the tensors it has; another provider begins anew.
      if (running !== null && running.provider !== provider) tf.removeBackend(NAME);
      if (tf.findBackendFactory(NAME) === null) {
        tf.registerBackend(NAME, () => new OnnxBackend(new MathBackendCPU(), { provider, dumpTo }), 2);
      }
      await tf.setBackend(NAME);
      const backend = tf.backend() as OnnxBackend;
      return {
        name: NAME,
        device: found.device,
        sync: () => backend.sync(),
        stats: () => ({ ...backend.stats }),
      };
    },
  };
}

/** The engine on the CPU: the default of Node. */
export const onnx: BackendAdapter = createOnnxBackend();
