// A tfjs function as a list of kernel calls: it is called once on a backend that only records. Tensors that it closes
// over may be of any backend, and stay there.

import { MaNetError } from '@ma-net/core';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { type Call, Entry } from './call.ts';
import { RecordingBackend } from './recording.ts';
import { registerKernels } from './register.ts';

const NAME = 'ma-net-trace';

export interface TraceInput {
  readonly shape: readonly number[];
  readonly dtype?: 'float32' | 'int32';
}

export type Tensors = Record<string, tf.Tensor>;

/** What was recorded. `release` gives back what the recorder holds. */
export interface Trace {
  /** In the order in which they were made; those whose results reach no output are left out. */
  readonly calls: readonly Call[];
  /** The buffers of the inputs, with their names. */
  readonly inputs: ReadonlyMap<Entry, string>;
  /** Tensors that the function closes over, and arrays that it made; their values are known. */
  readonly constants: ReadonlyMap<Entry, { readonly name: string | undefined }>;
  readonly outputs: readonly TraceOutput[];
  /** Computes calls that follow from constants alone, on the host, where `may` allows it; they are calls no more. */
  fold(may: (call: Call, index: number) => boolean): void;
  release(): void;
}

export interface TraceOutput {
  readonly name: string;
  readonly entry: Entry;
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
}

/** Takes tensors of other backends for constants. */
class TracingBackend extends RecordingBackend {
  readonly leaves = new Map<tf.DataId, Entry>();

  override accept(inputs: tf.NamedTensorInfoMap): tf.NamedTensorInfoMap {
    const own = (info: tf.TensorInfo): tf.TensorInfo => {
      if (!this.#isForeign(info.dataId)) return info;
      let leaf = this.leaves.get(info.dataId);
      if (leaf === undefined) {
        leaf = this.recorder.write(undefined, info.shape, info.dtype);
        this.leaves.set(info.dataId, leaf);
      }
      return { dataId: leaf, shape: info.shape, dtype: info.dtype };
    };
    const entries = Object.entries(inputs).map(([name, info]) => {
      if (Array.isArray(info)) return [name, info.map(own)];
      return [name, info == null ? info : own(info)];
    });
    return Object.fromEntries(entries) as tf.NamedTensorInfoMap;
  }

  /** Of another backend; that of the engine keeps buffers of the same class. */
  #isForeign(dataId: tf.DataId): boolean {
    const keeper = tf.engine().state.tensorInfo.get(dataId)?.backend;
    return keeper === undefined ? !(dataId instanceof Entry) : keeper !== this;
  }
}

/**
 * Records `f`, called with inputs that have shapes but no values. `parameters` gives tensors that it closes over their
 * names. Borrows everything. Throws `bad-argument` for an output that follows no input.
 */
export async function trace(
  f: (inputs: Tensors) => Tensors,
  inputs: Readonly<Record<string, TraceInput>>,
  parameters: Readonly<Record<string, tf.Tensor>> = {},
): Promise<Trace> {
  const engine = tf.engine();
  const before = engine.backendName;
  registerKernels(NAME);
  const backend = new TracingBackend(NAME, new MathBackendCPU());
  tf.registerBackend(NAME, () => backend);
  try {
    await tf.setBackend(NAME);
    const placeholders = new Map<Entry, string>();
    const given: Tensors = {};
    for (const [name, { shape, dtype = 'float32' }] of Object.entries(inputs)) {
      const entry = backend.recorder.write(undefined, shape, dtype);
      placeholders.set(entry, name);
      given[name] = engine.makeTensorFromDataId(entry, [...shape], dtype, backend);
    }
    const made = tf.tidy(() => f(given));
    const calls = backend.recorder.take();
    const outputs = Object.entries(made).map(([name, t]) => {
      const entry = t.dataId instanceof Entry ? t.dataId : undefined;
      if (entry?.maker === undefined)
        throw new MaNetError('bad-argument', `The exported output "${name}" does not depend on any input.`);
      return { name, entry, shape: t.shape, dtype: t.dtype };
    });
    const release = (): void => {
      backend.recorder.done(calls);
      tf.dispose([given, made] as tf.TensorContainer);
    };
    // Values of other backends are read while their backend is there to be asked.
    const names = new Map(Object.entries(parameters).map(([name, t]) => [t.dataId, name]));
    const constants = new Map<Entry, { name: string | undefined }>();
    for (const [dataId, entry] of backend.leaves) {
      entry.values = (await engine.read(dataId)) as Float32Array;
      constants.set(entry, { name: names.get(dataId) });
    }
    for (const { inputs: read } of calls)
      for (const entry of read)
        if (entry.values !== undefined && !constants.has(entry)) constants.set(entry, { name: undefined });
    let left: readonly Call[] = calls;
    const fold = (may: (call: Call, index: number) => boolean): void => {
      left = left.filter((call, k) => {
        if (call.inputs.some(({ values }) => values === undefined) || !may(call, k)) return true;
        backend.host.run(call);
        return false;
      });
    };
    return {
      get calls() {
        return left;
      },
      ...{ inputs: placeholders, constants, outputs, fold, release },
    };
  } finally {
    if (before !== undefined && before !== null) await tf.setBackend(before);
    // Its tensors still know it; the next trace has one of its own.
    tf.removeBackend(NAME);
  }
}
