// Recording: a kernel call becomes a call and returns at once. Reference counts, kept exact all the time, decide
// what still has to run: a call whose results nobody can reach any more is dropped the moment that happens.

import { MaNetError } from '@ma-net/core';
import type {
  Attribute,
  DataId,
  DataType,
  NamedAttrMap,
  NamedTensorInfoMap,
  TensorInfo,
} from '@tensorflow/tfjs-core';
import { type Call, Entry, type HostValues } from './call.ts';
import type { Kernel, Signature } from './kernel.ts';
import { sizeOf } from './lower/lowering.ts';
import { type Spec, specKey } from './spec.ts';
import type { Counters } from './counters.ts';

/** Infers the outputs of a call that has not been seen with these shapes and attributes before. */
export type Infer = (inputs: readonly Spec[], attrs: NamedAttrMap) => Spec | readonly Spec[];

export class Recorder {
  #pending = new Set<Call>();
  #ids = 0;
  readonly #signatures = new Map<string, Signature>();
  readonly #moved = new WeakMap<DataId, Entry>();
  readonly #counters: Counters;
  /** Buffers that a tensor refers to. */
  live = 0;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  /** A new buffer with a value. */
  write(values: HostValues | undefined, shape: readonly number[], dtype: DataType): Entry {
    const entry = new Entry(shape, dtype);
    entry.values = values;
    this.live++;
    return entry;
  }

  /** Makes `dataId`, made by another backend, stand for a new buffer. */
  adopt(dataId: DataId, values: HostValues, shape: readonly number[], dtype: DataType, refs: number): void {
    const entry = this.write(values, shape, dtype);
    entry.refs = refs;
    this.#moved.set(dataId, entry);
  }

  /** The buffer behind `dataId`; refuses other backends' tensors and disposed ones. */
  entry(dataId: DataId, user: string): Entry {
    const entry = this.lookup(dataId);
    if (entry === undefined) {
      throw new MaNetError(
        'backend-mixed',
        `${user} was given a tensor that belongs to another tfjs backend.`,
        {
          hint: 'start the backend before making tensors, or copy: tf.tensor(await t.data(), t.shape, t.dtype).',
        },
      );
    }
    if (entry.refs <= 0) {
      throw new MaNetError(
        'tensor-disposed',
        `${user} was given a disposed tensor of shape [${entry.shape.join()}].`,
        {
          hint: 'keep it with tf.keep, or return it from the tf.tidy that made it.',
        },
      );
    }
    return entry;
  }

  lookup(dataId: DataId): Entry | undefined {
    return dataId instanceof Entry ? dataId : this.#moved.get(dataId);
  }

  /** Records one call. `names` are the inputs in order; a missing one is an optional input not given. */
  record(
    name: string,
    kernel: Kernel | undefined,
    names: readonly string[],
    named: NamedTensorInfoMap,
    attrs: NamedAttrMap,
    infer: Infer,
  ): TensorInfo[] {
    const inputs: Entry[] = [];
    let key = name;
    for (const input of names) {
      const info = named[input];
      if (info == null) {
        key += '|';
        continue;
      }
      inputs.push(this.entry(info.dataId, name));
      key += `|${specKey(info.shape, info.dtype)}`;
    }
    key += attributeKey(attrs);
    let signature = this.#signatures.get(key);
    if (signature === undefined) {
      signature = this.#sign(name, kernel, names, named, attrs, infer);
      this.#signatures.set(key, signature);
    }
    return this.append(signature, inputs);
  }

  #sign(
    name: string,
    kernel: Kernel | undefined,
    inputNames: readonly string[],
    named: NamedTensorInfoMap,
    attrs: NamedAttrMap,
    infer: Infer,
  ): Signature {
    const inputs = inputNames.map((input) => {
      const info = named[input];
      return info == null ? undefined : { shape: [...info.shape], dtype: info.dtype };
    });
    const inferred = infer(inputs as Spec[], attrs);
    const outputs = Array.isArray(inferred) ? (inferred as Spec[]) : [inferred as Spec];
    const copy = structuredClone(attrs);
    return { id: this.#ids++, name, kernel, attrs: copy, inputs, inputNames, outputs };
  }

  /** A signature of its own, for what nothing else is equal to. */
  unique(signature: Omit<Signature, 'id'>): Signature {
    return { ...signature, id: this.#ids++ };
  }

  /** What `body` records, which is not pending then. Whoever takes it calls `done`. */
  apart<T>(body: () => T): { readonly value: T; readonly calls: readonly Call[] } {
    const pending = this.#pending;
    this.#pending = new Set();
    try {
      const value = body();
      return { value, calls: this.take() };
    } finally {
      this.#pending = pending;
    }
  }

  /** Records a call of a known signature. */
  append(signature: Signature, inputs: readonly Entry[]): TensorInfo[] {
    const outputs = signature.outputs.map(({ shape, dtype }) => new Entry(shape, dtype));
    this.live += outputs.length;
    this.#counters.calls++;
    if (signature.outputs.every(({ shape }) => sizeOf(shape) === 0)) {
      for (const entry of outputs) entry.values = emptyValues(entry.dtype);
    } else {
      const call: Call = { signature, inputs, outputs, liveOutputs: outputs.length, stage: 0 };
      for (const entry of inputs) entry.uses++;
      for (const entry of outputs) entry.maker = call;
      this.#pending.add(call);
    }
    return outputs.map((entry) => ({ dataId: entry, shape: entry.shape as number[], dtype: entry.dtype }));
  }

  /** Drops one tensor's reference. */
  unref(entry: Entry): void {
    if (--entry.refs > 0) return;
    this.live--;
    this.#releaseIfUnreachable(entry);
  }

  /** Drops the reference of a call that read `entry`, or will never do so. */
  #unuse(entry: Entry): void {
    entry.uses--;
    this.#releaseIfUnreachable(entry);
  }

  #releaseIfUnreachable(entry: Entry): void {
    if (entry.refs > 0 || entry.uses > 0) return;
    const { maker } = entry;
    if (maker === undefined) {
      entry.values = undefined;
      entry.tensor?.dispose();
      entry.tensor = undefined;
    } else if (--maker.liveOutputs === 0 && this.#pending.delete(maker)) {
      this.#counters.dropped++;
      this.#finish(maker);
    }
  }

  /** Forgets a call that has run, failed or been dropped. */
  #finish(call: Call): void {
    for (const entry of call.outputs) entry.maker = undefined;
    for (const entry of call.inputs) this.#unuse(entry);
  }

  /** Takes everything recorded so far; the caller runs it and calls `done`. */
  take(): Call[] {
    const calls = [...this.#pending];
    this.#pending.clear();
    return calls;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** The calls of `take` have run: their inputs are released, and results nobody wants any more. */
  done(calls: readonly Call[]): void {
    for (const call of calls) {
      this.#finish(call);
      for (const entry of call.outputs) this.#releaseIfUnreachable(entry);
    }
  }
}

function emptyValues(dtype: DataType): HostValues {
  if (dtype === 'float32') return new Float32Array(0);
  return dtype === 'int32' ? new Int32Array(0) : new Uint8Array(0);
}

/** Attributes as text; unlike JSON it tells the infinities and NaN apart. */
function attributeKey(value: Attribute | NamedAttrMap | undefined | null): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `[${value.map((v) => attributeKey(v as Attribute)).join()}]`;
  let key = '{';
  for (const name in value) key += `${name}:${attributeKey((value as NamedAttrMap)[name])};`;
  return `${key}}`;
}
