// Runs planned programs on the device: one command buffer, buffers given back as soon as nobody reads them again, and all
// numbers that programs get with their shapes in one buffer.

/// <reference types="@webgpu/types" />

import type { BackendValues, DataType } from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { type Compiled, mapCode, reduceCode, sliceCode } from './code.ts';
import { type Kernel, type ReduceKernel, slicesOf } from './kernel.ts';
import { Numbers } from './numbers.ts';

/** What tfjs's backend keeps to itself. */
export interface Internals {
  tensorMap: {
    get(dataId: object): {
      values: BackendValues | null;
      dtype: DataType;
      shape: number[];
      refCount: number;
      resource?: GPUBuffer | null;
    };
    has(dataId: object): boolean;
    delete(dataId: object): void;
  };
  commandEncoder: GPUCommandEncoder;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  releaseResource(dataId: object): void;
  makeUniforms(uniforms: unknown): GPUBufferBinding;
}

const STORAGE = 0x80 | 0x4 | 0x8;

export class Runner {
  readonly #backend: WebGPUBackend;
  readonly #own: Internals;
  readonly #pipelines = new Map<string, GPUComputePipeline>();
  readonly #numbers: Numbers;

  constructor(backend: WebGPUBackend) {
    this.#backend = backend;
    this.#own = backend as unknown as Internals;
    this.#numbers = new Numbers(backend.device);
    const { makeUniforms } = this.#own;
    // tfjs lays the numbers out, and would make a buffer for them; they go where ours go.
    this.#own.makeUniforms = (uniforms) => {
      let data = new ArrayBuffer(0);
      const catching = {
        bufferManager: { acquireBuffer: () => undefined },
        queue: { writeBuffer: (_: unknown, __: number, bytes: ArrayBuffer) => void (data = bytes) },
        uniformPendingDisposal: [],
      };
      makeUniforms.call(catching, uniforms);
      return this.#numbers.place(data);
    };
  }

  /** How many programs there are. */
  get pipelines(): number {
    return this.#pipelines.size;
  }

  /** Runs the kernels in order; `isGone` says of which data nothing is needed when nobody reads it again. */
  run(kernels: readonly Kernel[], isGone: (dataId: object) => boolean): void {
    const last = new Map<object, number>();
    kernels.forEach(({ inputs, outputs }, at) => {
      for (const { dataId } of inputs) last.set(dataId, at);
      for (const { dataId } of outputs) last.set(dataId, Math.max(at, last.get(dataId) ?? 0));
    });
    const over = new Map<number, object[]>();
    for (const [dataId, at] of last) if (isGone(dataId)) over.set(at, [...(over.get(at) ?? []), dataId]);
    kernels.forEach((kernel, at) => {
      this.#one(kernel);
      for (const dataId of over.get(at) ?? []) this.release(dataId);
    });
  }

  /** Gives the buffer of data back, for what comes after in the queue of the device. */
  release(dataId: object): void {
    if (!this.#own.tensorMap.has(dataId)) return;
    this.#own.releaseResource(dataId);
    this.#own.tensorMap.delete(dataId);
  }

  /** Fills the buffer of data with zeros, in its turn. */
  clear(dataId: object): void {
    this.#backend.ensureCommandEncoderReady();
    this.#backend.endComputePassEncoder();
    this.#own.commandEncoder.clearBuffer(this.#own.tensorMap.get(dataId).resource!);
  }

  /** Sends the numbers of everything that was encoded since the last time: before it is submitted. */
  sendNumbers(): void {
    this.#numbers.send();
  }

  #one(kernel: Kernel): void {
    switch (kernel.kind) {
      case 'program':
        // tfjs submits after every few programs.
        this.#own.dispatchCountInPass = 0;
        kernel.program.run();
        this.#own.dispatchCountInPass = 0;
        return;
      case 'map':
        this.#dispatch(
          mapCode(kernel),
          kernel.outputs.map(({ dataId }) => this.#bufferOf(dataId)),
        );
        return;
      case 'reduce':
        this.#reduce(kernel);
    }
  }

  #reduce(kernel: ReduceKernel): void {
    const { outputs } = kernel;
    const results = outputs.map(({ dataId }) => this.#bufferOf(dataId));
    const slices = slicesOf(outputs[0]!);
    if (slices === 1) return this.#dispatch(reduceCode(kernel), results);
    const { bufferManager } = this.#backend;
    const parts = outputs.map(({ size }) => bufferManager.acquireBuffer(4 * slices * size, STORAGE));
    this.#dispatch(reduceCode(kernel), parts);
    this.#dispatch(sliceCode(kernel), results, parts);
    for (const part of parts) bufferManager.releaseBuffer(part);
  }

  #bufferOf(dataId: object): GPUBuffer {
    this.#backend.uploadToGPU(dataId);
    return this.#own.tensorMap.get(dataId).resource!;
  }

  #dispatch(
    { code, inputs, ints, floats, workgroups }: Compiled,
    results: readonly GPUBuffer[],
    given: readonly GPUBuffer[] = inputs.map(({ dataId }) => this.#bufferOf(dataId)),
  ): void {
    const pipeline = this.#pipelineOf(code);
    const buffers = [...results, ...given].map((buffer): GPUBufferBinding => ({ buffer }));
    const resources = [...buffers, this.#numbers.place(layOut(ints, floats))];
    const group = this.#backend.device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: resources.map((resource, binding) => ({ binding, resource })),
    });
    this.#backend.ensureCommandEncoderReady();
    const pass = (this.#own.computePassEncoder ??= this.#own.commandEncoder.beginComputePass());
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...workgroups);
  }

  #pipelineOf(code: string): GPUComputePipeline {
    const known = this.#pipelines.get(code);
    if (known !== undefined) return known;
    const { device } = this.#backend;
    const module = device.createShaderModule({ code });
    const made = device.createComputePipeline({ compute: { module, entryPoint: '_start' }, layout: 'auto' });
    this.#pipelines.set(code, made);
    return made;
  }
}

/** As `Numbers` in the code of a program: four floats, then whole numbers and floats by fours. */
function layOut(ints: readonly number[], floats: readonly number[]): ArrayBuffer {
  const [firstInt, firstFloat] = [4, 4 + 4 * Math.ceil(ints.length / 4)];
  const data = new ArrayBuffer(4 * (firstFloat + 4 * Math.max(1, Math.ceil(floats.length / 4))));
  const [asFloats, asInts] = [new Float32Array(data), new Int32Array(data)];
  asFloats.set([Number.NaN, Number.POSITIVE_INFINITY]);
  asInts.set(ints, firstInt);
  asFloats.set(floats, firstFloat);
  return data;
}
