// The engine as a tfjs backend: it runs what was recorded when somebody wants values.

import type { Params, Prepared } from '@ma-net/core';
import type { BackendValues, DataId } from '@tensorflow/tfjs-core';
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import type { HostValues } from './call.ts';
import { callPrepared, recordApart } from './prepare.ts';
import { Executor } from './execute.ts';
import { RecordingBackend } from './recording.ts';
import type { Runtime } from './runtime.ts';
import { SessionCache, type SessionCacheOptions } from './session.ts';

export class OnnxBackend extends RecordingBackend {
  readonly provider: string;
  readonly threads: number;
  readonly #sessions: SessionCache;
  readonly #executor: Executor;
  #tail: Promise<void> = Promise.resolve();

  constructor(runtime: Runtime, cpu: MathBackendCPU, options: SessionCacheOptions) {
    super('onnx', cpu);
    this.provider = options.provider;
    this.threads = options.threads;
    this.#sessions = new SessionCache(runtime, this.counters, options);
    this.#executor = new Executor(runtime, this.#sessions, this.host, this.counters);
  }

  /** Computes everything recorded so far that can still be reached. */
  sync(): Promise<void> {
    const nodes = this.recorder.take();
    if (nodes.length === 0) return this.#tail;
    const run = this.#tail.then(() => this.#executor.run(nodes)).finally(() => this.recorder.done(nodes));
    this.#tail = run.catch(() => undefined);
    return run;
  }

  /** `f` recorded once, to be called with inputs like these; undefined where that cannot be. See `RunningBackend.prepare`. */
  prepare(f: (inputs: Params) => Params, inputs: Params): Prepared | undefined {
    const found = recordApart(this, f, inputs);
    if (found === undefined) return undefined;
    const { signature, names } = found;
    return {
      run: (given) =>
        callPrepared(
          this,
          found,
          names.map((name) => given[name]!),
        ),
      release: () => {
        // Calls that are still to run need it.
        const ran = this.sync().catch(() => undefined);
        this.#tail = ran.then(() => this.#sessions.forget(signature));
      },
    };
  }

  override async read(dataId: DataId): Promise<BackendValues> {
    const entry = this.recorder.entry(dataId, 'Reading a tensor');
    // The value must outlive a dispose() while it is being computed.
    entry.refs++;
    try {
      if (!entry.materialised && entry.failure === undefined) await this.sync().catch(() => undefined);
      if (entry.failure !== undefined) throw entry.failure;
      await this.#executor.fetch(entry);
      return (entry.values as HostValues).slice() as BackendValues;
    } finally {
      this.disposeData(dataId);
    }
  }

  override dispose(): void {
    void this.#tail.then(() => this.#sessions.dispose());
  }
}
