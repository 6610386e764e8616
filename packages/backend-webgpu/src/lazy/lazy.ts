// A WebGPU backend that computes when somebody wants numbers: tfjs's programs and ours are recorded, and run all at once
// when a tensor is read, at the end of a training step. By then it is known who needs what.

import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';
import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu';
import { type Internals, Runner } from './run.ts';
import { plan } from './plan.ts';
import { type Leaf, type Pending, type Programmed, sourcesOf, type Value } from './value.ts';

type Uniforms = Parameters<WebGPUBackend['runWebGPUProgram']>[3];

/** Numbers that are all the same, as tfjs's gradients multiply with, are sent as one; zeros a device has itself. */
const areSame = (values: Float32Array): boolean => values.every((value) => value === values[0]);

/** Values before they are run even if nobody asks: memory is finite. */
const MOST_PENDING = 50_000;

const lazies = new WeakMap<object, Lazy>();

/** What makes `backend` lazy, if anything does. */
export const lazyOf = (backend: object): Lazy | undefined => lazies.get(backend);

export class Lazy {
  readonly backend: WebGPUBackend;
  readonly #runner: Runner;
  readonly #stock: Pick<
    WebGPUBackend,
    'runWebGPUProgram' | 'disposeData' | 'numDataIds' | 'read' | 'uploadToGPU'
  >;
  #pending: Pending[] = [];
  /** What each tensor's data is for now. */
  #values = new Map<object, Value>();
  /** Values that somebody reads, and data that nobody but they can reach. */
  #read = new Set<Value>();
  #gone = new Set<object>();
  #running = false;

  /** Makes `backend` lazy, for good. */
  constructor(backend: WebGPUBackend) {
    this.backend = backend;
    lazies.set(backend, this);
    const { runWebGPUProgram, disposeData, numDataIds, read, readSync, uploadToGPU } = backend;
    this.#stock = {
      runWebGPUProgram: runWebGPUProgram.bind(backend),
      disposeData: disposeData.bind(backend),
      numDataIds: numDataIds.bind(backend),
      read: read.bind(backend),
      uploadToGPU: uploadToGPU.bind(backend),
    };
    const ownValues = readSync.bind(backend);
    this.#runner = new Runner(backend);
    const { shouldExecuteOnCPU, readToGPU, submitQueue, time } = backend;
    backend.runWebGPUProgram = (...call) => this.#program(...call);
    backend.disposeData = (dataId, force) => this.#dispose(dataId, force);
    backend.numDataIds = () => this.#stock.numDataIds() - this.#gone.size;
    backend.read = (dataId) => {
      this.#settle(dataId);
      return this.#stock.read(dataId);
    };
    // Programs of tfjs ask for numbers that lie in JavaScript.
    backend.readSync = (dataId) => {
      this.#settle(dataId);
      return ownValues(dataId);
    };
    backend.readToGPU = (dataId) => {
      this.flush();
      return readToGPU.call(backend, dataId);
    };
    backend.uploadToGPU = (dataId) => {
      if (!this.#running) this.#settle(dataId);
      const { values, resource } = this.#data(dataId);
      const given = resource == null && values != null ? (values as Float32Array) : undefined;
      const zeros = given?.[0] === 0 && areSame(given);
      if (zeros) this.#data(dataId).values = null;
      this.#stock.uploadToGPU(dataId);
      if (zeros) this.#runner.clear(dataId);
    };
    backend.shouldExecuteOnCPU = (inputs, threshold) =>
      inputs.every(({ dataId }) => !this.#isPending(dataId)) &&
      shouldExecuteOnCPU.call(backend, inputs, threshold);
    backend.submitQueue = () => {
      this.#runner.sendNumbers();
      submitQueue.call(backend);
    };
    backend.time = (f) => {
      this.flush();
      return time.call(backend, () => {
        f();
        this.flush();
      });
    };
  }

  /** How many programs of ours there are. */
  get pipelines(): number {
    return this.#runner.pipelines;
  }

  /** The value of a tensor as a part of others. */
  of({ dataId }: TensorInfo): Value {
    const known = this.#values.get(dataId);
    if (known !== undefined) return known;
    const { values, shape, dtype, resource } = this.#data(dataId);
    const size = shape.reduce((a, b) => a * b, 1);
    const here =
      resource == null && values != null && dtype !== 'string' ? (values as Float32Array) : undefined;
    const one = here !== undefined && (size === 1 || areSame(here)) ? Number(here[0]) : undefined;
    const leaf: Leaf = { kind: 'leaf', dataId, size, dtype, ...(one === undefined ? {} : { number: one }) };
    this.#values.set(dataId, leaf);
    return leaf;
  }

  /** A tensor that is computed when it is wanted. */
  record(
    shape: number[],
    dtype: DataType,
    make: (common: { dataId: object; size: number; dtype: DataType }) => Pending,
  ): TensorInfo {
    if (this.#pending.length >= MOST_PENDING) this.flush();
    const info = this.backend.makeTensorInfo(shape, dtype);
    this.#add(make({ dataId: info.dataId, size: shape.reduce((a, b) => a * b, 1), dtype }));
    return info;
  }

  /** Encodes everything that is wanted; it is submitted with what reads it, or by the caller. */
  flush(): void {
    if (this.#pending.length === 0) return;
    const pending = this.#pending;
    const [values, gone] = [this.#values, this.#gone];
    const isRoot = (value: Pending): boolean => values.get(value.dataId) === value && !gone.has(value.dataId);
    this.#running = true;
    try {
      this.#runner.run(plan(pending, isRoot), (dataId) => gone.has(dataId));
    } finally {
      this.#running = false;
      this.#pending = [];
      this.#values = new Map();
      this.#read = new Set();
      this.#gone = new Set();
      for (const dataId of gone) this.#runner.release(dataId);
    }
  }

  #add(value: Pending): void {
    for (const source of sourcesOf(value)) this.#read.add(source);
    this.#pending.push(value);
    this.#values.set(value.dataId, value);
  }

  #data(dataId: object): ReturnType<Internals['tensorMap']['get']> {
    return (this.backend as unknown as Internals).tensorMap.get(dataId);
  }

  #isPending(dataId: object): boolean {
    const value = this.#values.get(dataId);
    return value !== undefined && value.kind !== 'leaf';
  }

  #settle(dataId: object): void {
    if (this.#isPending(dataId)) this.flush();
  }

  #program(
    program: WebGPUProgram,
    inputs: TensorInfo[],
    dtype: DataType,
    uniforms?: Uniforms,
    output?: TensorInfo,
  ): TensorInfo {
    const run = (into: TensorInfo | undefined): TensorInfo =>
      this.#stock.runWebGPUProgram(program, inputs, dtype, uniforms, into);
    const size = program.outputShape.reduce((a, b) => a * b, 1);
    const base = output === undefined ? undefined : this.of(output);
    const shared = base !== undefined && (base.kind === 'leaf' || this.#read.has(base));
    if (size === 0) return run(output);
    if (program.pixelsOpType != null || shared) {
      this.flush();
      return run(output);
    }
    const values = inputs.map((input) => this.of(input));
    const made = (into: TensorInfo): Programmed => ({
      kind: 'program',
      dataId: into.dataId,
      size,
      dtype: into.dtype,
      inputs: values,
      ...(base === undefined ? {} : { base }),
      run: () => void run(into),
    });
    if (output !== undefined) {
      this.#add(made(output));
      return output;
    }
    const shape = program.outputShape;
    return this.record(shape, dtype, ({ dataId }) => made({ dataId, shape, dtype }));
  }

  #dispose(dataId: object, force = false): boolean {
    if (this.#gone.has(dataId)) return true;
    if (!this.#values.has(dataId)) return this.#stock.disposeData(dataId, force);
    const data = this.#data(dataId);
    data.refCount = force ? 0 : data.refCount - 1;
    if (data.refCount > 0) return false;
    this.#gone.add(dataId);
    return true;
  }
}
