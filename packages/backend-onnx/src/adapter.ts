// The engine as the rest of the framework sees it.

import type { BackendAdapter, RunningBackend, StartOptions } from '@ma-net/core';
import { MaNetError } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { instructionSet, threadsHere } from '#platform';
import type { OnnxBackend } from './backend.ts';
import { probe } from './probe.ts';
import { isProcessor, loadRuntime, type Provider } from './runtime.ts';

export interface OnnxOptions {
  /**
   * Which execution provider of ONNX Runtime computes; `cpu` unless told otherwise. `wasm` is ONNX Runtime in WebAssembly,
   * which `cpu` takes where the library for the machine is missing.
   */
  readonly provider?: Provider;
  /** A folder that every model is written to before it is compiled, to look at with an ONNX viewer. */
  readonly dumpTo?: string;
  /** A folder that ONNX Runtime writes a profile of every graph to, when the graph is released. */
  readonly profileTo?: string;
  /** Bytes that compiled graphs together may keep from one run to the next; half of the memory unless given, 1 GiB on `wasm`. */
  readonly arenaBytes?: number;
}

const NAME = 'onnx';
/** More than any machine has; ONNX Runtime would start them all. */
const MOST_THREADS = 1024;
/** WebAssembly has four gigabytes of memory, and gives none back. */
const WASM_ARENA_BYTES = 2 ** 30;

/** An adapter that computes with ONNX Runtime's `provider`. */
export function createOnnxBackend({
  provider: asked = 'cpu',
  dumpTo,
  profileTo,
  arenaBytes,
}: OnnxOptions = {}): BackendAdapter {
  return {
    name: NAME,
    priority: 20,
    // Observed over the conformance tests: float32 sums in another order.
    tolerance: { rtol: 1e-4, atol: 1e-5 },
    threads: MOST_THREADS,
    probe: () => probe(asked),
    async start({ threads: wanted }: StartOptions = {}): Promise<RunningBackend> {
      const found = await probe(asked);
      if (!found.ok)
        throw new MaNetError(
          'backend-unavailable',
          found.reason,
          found.hint === undefined ? {} : { hint: found.hint },
        );
      const { runtime, provider } = await loadRuntime(asked, wanted);
      const { MathBackendCPU } = await import('@tensorflow/tfjs-backend-cpu');
      const { OnnxBackend } = await import('./backend.ts');
      const { registerKernels } = await import('./register.ts');
      registerKernels(NAME);
      const running = tf.findBackendFactory(NAME) === null ? null : (tf.findBackend(NAME) as OnnxBackend);
      const fixed = provider === 'wasm' ? runtime.env.wasm.numThreads : undefined;
      const threads = fixed ?? wanted ?? running?.threads ?? threadsHere();
      // Starting it again keeps the tensors it has; another provider, or number of threads, begins anew.
      const same = running?.provider === provider && running.threads === threads;
      if (running !== null && !same) tf.removeBackend(NAME);
      if (tf.findBackendFactory(NAME) === null) {
        const bytes = arenaBytes ?? (provider === 'wasm' ? WASM_ARENA_BYTES : undefined);
        const options = { provider, threads, dumpTo, profileTo, arenaBytes: bytes };
        tf.registerBackend(NAME, () => new OnnxBackend(runtime, new MathBackendCPU(), options), 2);
      }
      await tf.setBackend(NAME);
      const backend = tf.backend() as OnnxBackend;
      return {
        name: NAME,
        device: found.device,
        sync: () => backend.sync(),
        ...(provider === 'cpu' ? { prepare: (f, inputs) => backend.prepare(f, inputs) } : {}),
        facts: () => ({
          runtime: runtime.env.versions.common,
          provider,
          ...(isProcessor(provider) ? { threads } : {}),
          ...(provider === 'cpu' ? { instructions: instructionSet() } : {}),
        }),
        counters: () => ({ ...backend.counters }),
      };
    },
  };
}

/** The engine on the CPU: the default of Node. */
export const onnx: BackendAdapter = createOnnxBackend();
