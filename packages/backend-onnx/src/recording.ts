// A tfjs backend that stores buffers and records kernels: what the engine, which runs them, has in common with the
// tracer, which never does.

import { MaNetError } from '@ma-net/core';
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import {
  type BackendValues,
  type DataId,
  type DataType,
  KernelBackend,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { HostValues } from './call.ts';
import { type Counters, noCounts } from './counters.ts';
import { Host } from './host.ts';
import type { Kernel } from './kernel.ts';
import { Recorder } from './record.ts';
import type { Spec } from './spec.ts';

export class RecordingBackend extends KernelBackend {
  readonly counters: Counters = noCounts();
  readonly recorder = new Recorder(this.counters);
  readonly host: Host;
  /** The name that tfjs knows its kernels by. */
  readonly registered: string;

  constructor(registered: string, cpu: MathBackendCPU) {
    super();
    this.registered = registered;
    this.host = new Host(cpu, this.counters);
  }

  /** The inputs of a kernel as buffers of this backend. */
  accept(inputs: NamedTensorInfoMap): NamedTensorInfoMap {
    return inputs;
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
    this.counters.recordMs += performance.now() - started;
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

  // --- storage ------------------------------------------------------------------------------------

  override write(values: BackendValues, shape: number[], dtype: DataType): DataId {
    const entry = this.recorder.write(typed(values, dtype), [...shape], dtype);
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
    this.recorder.adopt(dataId, typed(values, dtype), [...shape], dtype, refCount);
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

  override dispose(): void {}

  override timerAvailable(): boolean {
    return false;
  }
}

/** The values as an array of the dtype's own kind: the caller's, which now belongs to the tensor, where it is one. */
function typed(values: BackendValues, dtype: DataType): HostValues {
  switch (dtype) {
    case 'float32':
      return values instanceof Float32Array ? values : new Float32Array(values as Int32Array);
    case 'int32':
      return values instanceof Int32Array ? values : new Int32Array(values as Float32Array);
    case 'bool':
      return values instanceof Uint8Array ? values : new Uint8Array(values as Float32Array);
    case 'string':
      return values as Uint8Array[];
    case 'complex64':
      throw new MaNetError('unsupported-op', `The onnx backend has no tensors of dtype ${dtype}.`, {
        hint: 'keep real and imaginary parts as two float32 tensors.',
      });
  }
}
