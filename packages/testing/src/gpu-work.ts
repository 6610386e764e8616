// What a program asks of a GPU, counted where it asks: no clock, so the counts of a software renderer are those of any
// device.

/// <reference types="@webgpu/types" />

export interface GpuWork {
  readonly dispatches: number;
  /** Sizes of the buffers that programs were given to read, once for each dispatch; without their few numbers. */
  readonly bytesRead: number;
  /** The same of those that they were given to write, and of those that were cleared. */
  readonly bytesWritten: number;
  /** Buffers that were made, and their sizes. */
  readonly buffers: number;
  readonly bufferBytes: number;
  readonly submits: number;
  /** Writes from JavaScript, and their bytes. */
  readonly uploads: number;
  readonly bytesUploaded: number;
  /** Copies to JavaScript, and their bytes. */
  readonly readBacks: number;
  readonly bytesReadBack: number;
}

type Counts = { -readonly [Name in keyof GpuWork]: GpuWork[Name] };
type Access = 'read' | 'read_write';

export interface CountOptions {
  /** Programs are counted, and neither compiled nor run: buffers keep what they hold, and the device can do no more. */
  readonly dry?: boolean;
}

/** Counts everything that `device` is asked from now on; the result tells what it was so far. */
export function countGpuWork(device: GPUDevice, { dry = false }: CountOptions = {}): () => GpuWork {
  const counts: Counts = {
    dispatches: 0,
    bytesRead: 0,
    bytesWritten: 0,
    buffers: 0,
    bufferBytes: 0,
    submits: 0,
    uploads: 0,
    bytesUploaded: 0,
    readBacks: 0,
    bytesReadBack: 0,
  };
  const modules = new WeakMap<object, ReadonlyMap<number, Access>>();
  const pipelines = new WeakMap<object, ReadonlyMap<number, Access>>();
  const groups = new WeakMap<object, ReadonlyMap<number, number>>();
  const watched = new WeakSet<GPUBuffer>();
  const { queue } = device;

  if (dry) {
    const createComputePipeline = () => ({ getBindGroupLayout: () => ({}) });
    Object.assign(device, {
      createShaderModule: () => ({}),
      createComputePipeline,
      createBindGroup: () => ({}),
    });
  }
  after(device, 'createShaderModule', (module, [{ code }]) => modules.set(module, accessOf(code)));
  after(device, 'createComputePipeline', (pipeline, [{ compute }]) =>
    pipelines.set(pipeline, modules.get(compute.module)!),
  );
  after(device, 'createBindGroup', (group, [{ entries }]) => groups.set(group, sizesOf(entries)));
  after(device, 'createBuffer', (buffer, [{ size, mappedAtCreation = false }]) => {
    counts.buffers++;
    counts.bufferBytes += size;
    if (mappedAtCreation) upload(size);
    watch(buffer);
  });
  after(queue, 'submit', () => void counts.submits++);
  after(queue, 'writeBuffer', (_, [, , data, , size]) => upload(size ?? data.byteLength));
  after(device, 'createCommandEncoder', (encoder) => {
    // A buffer for reading back may be older than the counts.
    after(encoder, 'copyBufferToBuffer', (_, args) => watch(args[2] as GPUBuffer));
    after(encoder, 'clearBuffer', (_, [buffer]) => void (counts.bytesWritten += buffer.size));
    after(encoder, 'beginComputePass', (pass) => {
      let access: ReadonlyMap<number, Access> | undefined;
      let bound: ReadonlyMap<number, number> | undefined;
      if (dry) Object.assign(pass, { setPipeline() {}, setBindGroup() {}, dispatchWorkgroups() {} });
      after(pass, 'setPipeline', (_, [pipeline]) => void (access = pipelines.get(pipeline)));
      after(pass, 'setBindGroup', (_, [, group]) => void (bound = groups.get(group as object)));
      after(pass, 'dispatchWorkgroups', () => {
        counts.dispatches++;
        for (const [binding, size] of bound!) {
          // Of a program that was made before, the first buffer is the one that tfjs writes to.
          const how = access === undefined ? (binding === 0 ? 'read_write' : 'read') : access.get(binding);
          if (how === 'read') counts.bytesRead += size;
          if (how === 'read_write') counts.bytesWritten += size;
        }
      });
    });
  });
  return () => ({ ...counts });

  function watch(buffer: GPUBuffer): void {
    if (watched.has(buffer)) return;
    watched.add(buffer);
    after(buffer, 'mapAsync', (_, [mode]) => {
      if ((mode & READ) === 0) return upload(buffer.size);
      counts.readBacks++;
      counts.bytesReadBack += buffer.size;
    });
  }

  function upload(bytes: number): void {
    counts.uploads++;
    counts.bytesUploaded += bytes;
  }
}

/** What happened from one count to a later one. */
export function workBetween(before: GpuWork, after: GpuWork): GpuWork {
  const names = Object.keys(before) as (keyof GpuWork)[];
  return Object.fromEntries(names.map((name) => [name, after[name] - before[name]])) as unknown as GpuWork;
}

/** GPUMapMode.READ. */
const READ = 1;

/** How a program in WGSL uses the storage buffers of its bindings. */
function accessOf(code: string): ReadonlyMap<number, Access> {
  const found = code.matchAll(/@binding\((\d+)\)\s*var<storage(?:,\s*(read_write|read))?>/g);
  return new Map(Array.from(found, ([, binding, how = 'read']) => [Number(binding), how as Access]));
}

function sizesOf(entries: Iterable<GPUBindGroupEntry>): ReadonlyMap<number, number> {
  const sizes = Array.from(entries, ({ binding, resource }): [number, number] => {
    const { buffer, offset = 0, size } = resource as GPUBufferBinding;
    return [binding, buffer === undefined ? 0 : (size ?? buffer.size - offset)];
  });
  return new Map(sizes);
}

type Method = (...args: never[]) => unknown;

/** Calls `then` with the result and the arguments of every call of a method of this one object. */
function after<T extends object, K extends keyof T>(
  object: T,
  name: K,
  then: T[K] extends Method ? (result: ReturnType<T[K]>, args: Parameters<T[K]>) => void : never,
): void {
  const method = object[name] as unknown as (...args: unknown[]) => unknown;
  const seen = then as unknown as (result: unknown, args: unknown[]) => void;
  (object as Record<PropertyKey, unknown>)[name] = (...args: unknown[]): unknown => {
    const result = method.apply(object, args);
    seen(result, args);
    return result;
  };
}
