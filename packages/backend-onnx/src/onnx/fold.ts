// Transposing the constants of a model while it is built, so that an exported weight is stored in ONNX's order.

import type { ModelBuilder } from './model.ts';

interface Derived {
  readonly root: string;
  readonly perm: readonly number[];
}

export class Folding {
  readonly #model: ModelBuilder;
  readonly #derived = new Map<string, Derived>();

  constructor(model: ModelBuilder) {
    this.#model = model;
  }

  /**
   * The name of the float constant `name` with its axes permuted: the root's name and the permutation, however many
   * steps it took. Undefined when `name` is not such a constant.
   */
  transpose(name: string, perm: readonly number[]): string | undefined {
    const before = this.#derived.get(name);
    const root = before?.root ?? name;
    const whole = before === undefined ? perm : perm.map((p) => before.perm[p]!);
    const constant = this.#model.initializers.get(root);
    if (constant?.type !== 'float32' || constant.dims.length !== perm.length) return undefined;
    const made = `${root}:${whole.join('')}`;
    this.#derived.set(made, { root, perm: whole });
    if (!this.#model.isConstant(made)) {
      const values = new Float32Array(constant.bytes.slice().buffer);
      const dims = whole.map((axis) => constant.dims[axis]!);
      this.#model.initializer(made, transposed(values, constant.dims, whole), dims, 'float32');
    }
    return made;
  }
}

function transposed(values: Float32Array, dims: readonly number[], perm: readonly number[]): Float32Array {
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((a, b) => a * b, 1));
  const [steps, sizes] = [perm.map((axis) => strides[axis]!), perm.map((axis) => dims[axis]!)];
  const result = new Float32Array(values.length);
  const at = sizes.map(() => 0);
  let source = 0;
  for (let k = 0; k < result.length; k++) {
    result[k] = values[source]!;
    // Count up in the new order, moving through the old one in its strides.
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      source += steps[axis]!;
      if (++at[axis]! < sizes[axis]!) break;
      source -= steps[axis]! * sizes[axis]!;
      at[axis] = 0;
    }
  }
  return result;
}
