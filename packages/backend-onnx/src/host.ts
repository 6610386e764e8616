// The fallback: a kernel without a lowering runs on tfjs's own `cpu` backend, one call at a time.

import { MaNetError } from '@ma-net/core';
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
    const zeros = inputs.map(
      (spec) =>
        spec && util.makeZerosTypedArray(util.sizeFromShape([...spec.shape]), spec.dtype as 'float32'),
    );
    return this.#call(name, inputNames, inputs, zeros, attrs).map(({ shape, dtype }) => ({ shape, dtype }));
  }

  /** Runs a recorded call whose inputs are known. */
  run(call: Call): void {
    const { name, inputNames, inputs, attrs } = call.signature;
    const given = [...call.inputs];
    const values = inputs.map((spec) => (spec === undefined ? undefined : given.shift()!.values));
    this.#counters.fallbacks++;
    this.#call(name, inputNames, inputs, values, attrs).forEach(
      (out, k) => (call.outputs[k]!.values = out.values),
    );
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
    const cpu = this.#cpu;
    const inputs: NamedTensorInfoMap = {};
    inputNames.forEach((input, k) => {
      const spec = specs[k];
      if (spec === undefined) return;
      const shape = [...spec.shape];
      const dataId = cpu.write(values[k]!, shape, spec.dtype);
      // Some kernels of the stock backend look at the rank, which only its tensors have.
      inputs[input] = { dataId, shape, dtype: spec.dtype, rank: shape.length } as TensorInfo;
    });
    try {
      const out = getKernel(name, 'cpu').kernelFunc({
        inputs: asGiven(inputs, inputNames),
        attrs,
        backend: cpu,
      });
      return (Array.isArray(out) ? out : [out]).map((info) => this.#take(info));
    } finally {
      for (const info of Object.values(inputs)) cpu.disposeData(info!.dataId, true);
    }
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

/** List inputs are named 0, 1, ...; kernels expect an array then. */
function asGiven(inputs: NamedTensorInfoMap, names: readonly string[]): NamedTensorInfoMap {
  return names[0] === '0' ? (Object.values(inputs) as unknown as NamedTensorInfoMap) : inputs;
}
