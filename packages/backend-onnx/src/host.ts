// The fallback: a kernel without a lowering runs on tfjs's own `cpu` backend, one call at a time.

import { type HostInput, type HostKernel, MaNetError } from '@ma-net/core';
import {
  type DataType,
  getKernel,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import type { Call, Entry, HostValues } from './call.ts';
import type { Spec } from './spec.ts';
import type { Counters } from './counters.ts';

/** Kernels whose output shapes depend on values; they cannot be recorded before their inputs are known. */
const DYNAMIC = /^(NonMaxSuppression|Unique|Sparse|Ragged|String|StaticRegex)/;

export class Host {
  readonly #cpu: MathBackendCPU;
  readonly #counters: Counters;

  constructor(cpu: MathBackendCPU, counters: Counters) {
    // The stock backend prints an advertisement for another package on first use.
    this.#cpu = Object.assign(cpu, { firstUse: false });
    this.#counters = counters;
  }

  /** Output shapes of a call, found by running it on zeros; refuses kernels where that could mislead. */
  infer(
    name: string,
    inputNames: readonly string[],
    inputs: readonly (Spec | undefined)[],
    attrs: NamedAttrMap,
  ): Spec[] {
    if (DYNAMIC.test(name)) {
      throw new MaNetError(
        'no-sync-read',
        `The shape of ${name}'s result depends on values that are not computed yet.`,
        {
          hint: 'await sync() before calling it, so that its inputs are known.',
        },
      );
    }
    const { infer } = kernelOf(name);
    if (infer !== undefined) return [...infer(inputs as readonly Spec[])];
    const zeros = inputs.map(
      (spec) =>
        spec && util.makeZerosTypedArray(util.sizeFromShape([...spec.shape]), spec.dtype as 'float32'),
    );
    return this.#call(name, inputNames, inputs, zeros, attrs).map(({ shape, dtype }) => ({ shape, dtype }));
  }

  /** Runs a recorded call whose inputs are known. */
  run(call: Call): void {
    const { name, inputNames, inputs, attrs } = call.signature;
    this.#counters.fallbacks++;
    const values = entriesOf(call).map((entry) => entry?.values);
    keep(call, this.#call(name, inputNames, inputs, values, attrs));
  }

  /** The same, waited for: kernels that talk to others leave this thread alone meanwhile. */
  async later(call: Call): Promise<void> {
    const { name, inputNames, inputs: specs, attrs } = call.signature;
    const { later } = kernelOf(name);
    if (later === undefined) return this.run(call);
    this.#counters.fallbacks++;
    const entries = entriesOf(call);
    const last = entries.map((entry) => entry !== undefined && isLast(entry));
    const inputs = this.#inputsOf(
      inputNames,
      specs,
      entries.map((entry) => entry?.values),
      last,
    );
    try {
      const out = await later({ inputs: Object.values(inputs), attrs, backend: this.#cpu });
      keep(
        call,
        out.map((info) => this.#take(info)),
      );
    } finally {
      this.#release(inputs);
    }
  }

  /** Runs a call at once. */
  now(
    name: string,
    inputNames: readonly string[],
    entries: readonly (Entry | undefined)[],
    specs: readonly (Spec | undefined)[],
    attrs: NamedAttrMap,
  ): Result[] {
    this.#counters.fallbacks++;
    return this.#call(
      name,
      inputNames,
      specs,
      entries.map((entry) => entry?.values),
      attrs,
    );
  }

  #call(
    name: string,
    inputNames: readonly string[],
    specs: readonly (Spec | undefined)[],
    values: readonly (HostValues | undefined)[],
    attrs: NamedAttrMap,
  ): Result[] {
    const inputs = this.#inputsOf(inputNames, specs, values);
    try {
      const out = kernelOf(name).kernelFunc({
        inputs: asGiven(inputs, inputNames),
        attrs,
        backend: this.#cpu,
      });
      return (Array.isArray(out) ? out : [out]).map((info) => this.#take(info));
    } finally {
      this.#release(inputs);
    }
  }

  #inputsOf(
    inputNames: readonly string[],
    specs: readonly (Spec | undefined)[],
    values: readonly (HostValues | undefined)[],
    last?: readonly boolean[],
  ): Record<string, HostInput> {
    const inputs: Record<string, HostInput> = {};
    inputNames.forEach((input, k) => {
      const spec = specs[k];
      if (spec === undefined) return;
      const shape = [...spec.shape];
      const dataId = this.#cpu.write(values[k]!, shape, spec.dtype);
      // Some kernels of the stock backend look at the rank, which only its tensors have.
      const info = { dataId, shape, dtype: spec.dtype, rank: shape.length };
      inputs[input] = last === undefined ? info : { ...info, last: last[k]! };
    });
    return inputs;
  }

  #release(inputs: Readonly<Record<string, HostInput>>): void {
    for (const { dataId } of Object.values(inputs)) this.#cpu.disposeData(dataId, true);
  }

  #take({ dataId, shape, dtype }: TensorInfo): Result {
    const values = this.#cpu.data.get(dataId).values;
    const typed = dtype === 'string' ? values : util.toTypedArray(values as Float32Array, dtype);
    const result = { shape: [...shape], dtype, values: typed as HostValues };
    this.#cpu.disposeData(dataId);
    return result;
  }
}

interface Result {
  readonly shape: number[];
  readonly dtype: DataType;
  readonly values: HostValues;
}

/** The inputs of a call; undefined for those that were not given. */
function entriesOf({ signature, inputs }: Call): readonly (Entry | undefined)[] {
  const given = [...inputs];
  return signature.inputs.map((spec) => (spec === undefined ? undefined : given.shift()));
}

function keep({ outputs }: Call, results: readonly Result[]): void {
  results.forEach(({ values }, k) => (outputs[k]!.values = values));
}

const kernelOf = (name: string): HostKernel => getKernel(name, 'cpu');

/** Made by a graph, so that its memory is nobody else's, and read by one call alone. */
const isLast = ({ own, refs, uses }: Entry): boolean => own && refs <= 0 && uses === 1;

/** List inputs are named 0, 1, ...; kernels expect an array then. */
function asGiven(inputs: NamedTensorInfoMap, names: readonly string[]): NamedTensorInfoMap {
  return names[0] === '0' ? (Object.values(inputs) as unknown as NamedTensorInfoMap) : inputs;
}
