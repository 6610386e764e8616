// The tfjs backend: it stores buffers, records kernels, and runs what was recorded when somebody wants values.

import { MaNetError } from '@ma-net/core';
import {
  type BackendValues,
  type DataId,
  type DataType,
  KernelBackend,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { HostValues } from './entry.ts';
import { Executor } from './execute.ts';
import { Host } from './host.ts';
import type { Kernel } from './kernel.ts';
import type { Spec } from './node.ts';
import { Recorder } from './record.ts';
import { SessionCache } from './session.ts';
import { emptyStats, type Stats } from './stats.ts';

export interface OnnxBackendOptions {
  readonly provider: string;
  /** A folder that every model is written to before it is compiled. */
  readonly dumpTo?: string | undefined;
}

export class OnnxBackend extends KernelBackend {
  readonly stats: Stats = emptyStats();
  readonly recorder = new Recorder(this.stats);
  readonly host: Host;
  readonly provider: string;
  readonly #sessions: SessionCache;
  readonly #executor: Executor;
  #tail: Promise<void> = Promise.resolve();

  constructor(cpu: ConstructorParameters<typeof Host>[0], { provider, dumpTo }: OnnxBackendOptions) {
    super();
    this.provider = provider;
    this.host = new Host(cpu, this.stats);
    this.#sessions = new SessionCache(this.stats, provider, dumpTo);
    this.#executor = new Executor(this.#sessions, this.host, this.stats);
  }

  // --- kernels ------------------------------------------------------------------------------------

  /** Records a call of a kernel that has a lowering. */
  record(
    name: string,
    kernel: Kernel,
    names: readonly string[],
    inputs: NamedTensorInfoMap,
    attrs: NamedAttrMap,
  ): TensorInfo[] {
    const started = performance.now();
    const outputs = this.recorder.record(name, kernel, names, inputs, attrs, kernel.infer);
    this.stats.recordMs += performance.now() - started;
    return outputs;
  }

  /** Runs a call on the host: at once when its inputs are known, else when they are. */
  fallback(name: string, inputs: NamedTensorInfoMap, attrs: NamedAttrMap): TensorInfo[] {
    const names = Object.keys(inputs);
    const infos = names.map((input) => inputs[input] ?? undefined);
    const entries = infos.map((info) => info && this.recorder.entry(info.dataId, name));
    const specs = infos.map((info) => info && { shape: info.shape, dtype: info.dtype });
    if (entries.every((entry) => entry === undefined || entry.values !== undefined)) {
      return this.host.now(name, names, entries, specs, attrs).map(({ values, shape, dtype }) => ({
        dataId: this.recorder.write(values, shape, dtype),
        shape,
        dtype,
      }));
    }
    const infer = (given: readonly Spec[]): Spec[] => this.host.infer(name, names, given, attrs);
    return this.recorder.record(name, undefined, names, inputs, attrs, infer);
  }

  // --- running ------------------------------------------------------------------------------------

  /** Computes everything recorded so far that can still be reached. */
  sync(): Promise<void> {
    const nodes = this.recorder.take();
    if (nodes.length === 0) return this.#tail;
    const run = this.#tail.then(() => this.#executor.run(nodes)).finally(() => this.recorder.done(nodes));
    this.#tail = run.catch(() => undefined);
    return run;
  }

  // --- storage ------------------------------------------------------------------------------------

  override write(values: BackendValues, shape: number[], dtype: DataType): DataId {
    const entry = this.recorder.write(copied(values, dtype), [...shape], dtype);
    entry.given = true;
    return entry;
  }

  override move(
    dataId: DataId,
    values: BackendValues,
    shape: number[],
    dtype: DataType,
    refCount: number,
  ): void {
    this.recorder.adopt(dataId, copied(values, dtype), [...shape], dtype, refCount);
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

  override readSync(dataId: DataId): BackendValues {
    const entry = this.recorder.entry(dataId, 'Reading a tensor');
    // Whoever made it knows it. tfjs's converter reads the shapes and axes of a graph model so.
    if (entry.given && entry.values !== undefined) return entry.values.slice() as BackendValues;
    throw new MaNetError(
      'no-sync-read',
      `A tensor of shape [${entry.shape.join()}] was read synchronously (dataSync, arraySync, print).`,
      {
        hint: 'await tensor.data() instead: this backend computes a whole step at once.',
      },
    );
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const entry = this.recorder.lookup(dataId);
    if (entry === undefined || entry.refs <= 0) return true;
    if (force) entry.refs = 1;
    this.recorder.unref(entry);
    return entry.refs <= 0;
  }

  override incRef(dataId: DataId): void {
    this.recorder.entry(dataId, 'A new reference').refs++;
  }

  override refCount(dataId: DataId): number {
    return this.recorder.lookup(dataId)?.refs ?? 0;
  }

  override numDataIds(): number {
    return this.recorder.live;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: false };
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override timerAvailable(): boolean {
    return false;
  }

  override dispose(): void {
    void this.#tail.then(() => this.#sessions.dispose());
  }
}

/** Values that the caller may change afterwards, although they are used later. */
function copied(values: BackendValues, dtype: DataType): HostValues {
  switch (dtype) {
    case 'float32':
      return new Float32Array(values as Float32Array);
    case 'int32':
      return new Int32Array(values as Int32Array);
    case 'bool':
      return new Uint8Array(values as Uint8Array);
    case 'string':
      return [...(values as Uint8Array[])];
    case 'complex64':
      throw new MaNetError('unsupported-op', `The onnx backend has no tensors of dtype ${dtype}.`, {
        hint: 'keep real and imaginary parts as two float32 tensors.',
      });
  }
}
