import { type HostTensor, MaNetError } from '@ma-net/core';

/** The weights and statistics of a network in JS memory. */
export class Tensors {
  readonly #all: Readonly<Record<string, HostTensor>>;

  constructor(all: Readonly<Record<string, HostTensor>>) {
    this.#all = all;
  }

  /** The tensor called `name`. Throws `network-mismatch` where there is none. */
  get(name: string): HostTensor {
    const tensor = this.#all[name];
    if (tensor !== undefined) return tensor;
    throw new MaNetError('network-mismatch', `The parameter "${name}" is missing.`, {
      hint: 'pass the parameters and the statistics of this network.',
    });
  }

  /** One number for each place of tensors of one shape. */
  combine(names: readonly string[], f: (...values: readonly number[]) => number): HostTensor {
    const tensors = names.map((name) => this.get(name));
    const { shape, data } = tensors[0]!;
    const combined = Float32Array.from(data, (_, k) => f(...tensors.map((t) => t.data[k]!)));
    return { shape, dtype: 'float32', data: combined };
  }
}
