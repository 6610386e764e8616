// From recorded kernel calls to nodes of a TensorFlow graph. Two recordings, of two sizes of the batch, tell which sizes
// follow it.

import type { Trace } from '@ma-net/backend-onnx';
import { MaNetError } from '@ma-net/core';
import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import type { Graph, Value, Weight } from './graph.ts';
import { operations } from './operations.ts';

type Call = Trace['calls'][number];
type Entry = Call['inputs'][number];

/**
 * Writes the calls of `first` into `g` and returns the outputs by name. `second` is a recording of the same function for
 * another size of the batch. Throws `unsupported-op` for a kernel without an operation, or where what is computed, not
 * only its size, follows the batch.
 */
export function writeTrace(g: Graph, first: Trace, second: Trace): Record<string, Value> {
  const writer = new Writer(g, first, second);
  first.calls.forEach((call, k) => writer.write(call, second.calls[k]));
  return Object.fromEntries(
    first.outputs.map(({ name, entry, shape }, k) => [
      name,
      writer.value(entry, shape, second.outputs[k]!.shape, name),
    ]),
  );
}

class Writer {
  readonly #g: Graph;
  readonly #first: Trace;
  readonly #values = new Map<Entry, Value>();
  #constants = 0;

  constructor(g: Graph, first: Trace, second: Trace) {
    this.#g = g;
    this.#first = first;
    const others = [...second.inputs.keys()];
    [...first.inputs].forEach(([entry, name], k) => {
      this.#values.set(entry, g.input(name, sizes(entry.shape, others[k]!.shape)));
    });
  }

  write(call: Call, other: Call | undefined): void {
    const { name: kernel, attrs, inputs, outputs } = call.signature;
    if (other === undefined || other.signature.name !== kernel) throw followsBatch(kernel);
    const given = [...call.inputs].map((entry, k) => [entry, other.inputs[k]!] as const);
    const specs = inputs.flatMap((spec, k) =>
      spec === undefined ? [] : [[spec, other.signature.inputs[k]!] as const],
    );
    const values = given.map(([entry, twin], k) => {
      const [spec, twinSpec] = specs[k]!;
      if (entry.values !== undefined && !equal(entry.values, twin.values)) throw followsBatch(kernel);
      return this.value(entry, spec.shape, twinSpec.shape, kernel);
    });
    const made = operations[kernel]?.(this.#g, {
      name: this.#named(call) ?? kernel,
      inputs: values,
      attrs: fixed(attrs, other.signature.attrs),
      outputs: outputs.map((spec, k) => sizes(spec.shape, other.signature.outputs[k]!.shape)),
    });
    if (made === undefined)
      throw new MaNetError(
        'unsupported-op',
        `Kernel ${kernel} with ${JSON.stringify(attrs)} has no TensorFlow operation, so the function cannot be exported.`,
        { hint: 'export to ONNX, or compute it by other means.' },
      );
    const list = Array.isArray(made) ? (made as Value[]) : [made as Value];
    call.outputs.forEach((entry, k) => this.#values.set(entry, list[k]!));
  }

  /** The node of a buffer, seen in a shape. */
  value(entry: Entry, shape: readonly number[], other: readonly number[], user: string): Value {
    let value = this.#values.get(entry);
    if (value === undefined) this.#values.set(entry, (value = this.#constant(entry, user)));
    const wanted = sizes(shape, other);
    if (value.shape.join() === wanted.join()) return value;
    if (wanted.filter((size) => size === -1).length > 1) throw followsBatch(user);
    return this.#g.reshape(value, wanted);
  }

  #constant(entry: Entry, user: string): Value {
    const { shape, dtype, values: data } = entry;
    if (data === undefined || (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool'))
      throw new MaNetError(
        'unsupported-op',
        `${user} reads a tensor of dtype ${dtype}, which has no place in a graph.`,
      );
    const name = this.#first.constants.get(entry)?.name ?? `constant/${this.#constants++}`;
    return this.#g.constant(name, () => ({ shape, dtype, data: data as Weight['data'] }));
  }

  /** The layer of a call, told by the parameter it reads: `layer1.0.conv1` of `layer1.0.conv1.weight`. */
  #named({ inputs }: Call): string | undefined {
    const names = inputs.map((entry) => this.#first.constants.get(entry)?.name);
    return names.find((name) => name !== undefined)?.replace(/\.[^.]*$/, '');
  }
}

/** A shape, with -1 for a size that follows the batch. */
function sizes(shape: readonly number[], other: readonly number[]): number[] {
  return shape.map((size, k) => (size === other[k] ? size : -1));
}

/** Attributes, with -1 for a number that follows the batch; what is written goes by the shapes then. */
function fixed(attrs: NamedAttrMap, other: NamedAttrMap): NamedAttrMap {
  const merge = (a: unknown, b: unknown): unknown => {
    if (Array.isArray(a) && Array.isArray(b)) return a.map((value, k) => merge(value, b[k]));
    return Object.is(a, b) || typeof a !== 'number' ? a : -1;
  };
  return Object.fromEntries(
    Object.entries(attrs).map(([name, value]) => [name, merge(value, other[name])]),
  ) as NamedAttrMap;
}

function equal(a: ArrayLike<unknown>, b: ArrayLike<unknown> | undefined): boolean {
  return (
    b !== undefined && a.length === b.length && Array.prototype.every.call(a, (v, k) => Object.is(v, b[k]))
  );
}

const followsBatch = (what: string): MaNetError =>
  new MaNetError('unsupported-op', `What ${what} computes follows the number of images, not only its size.`, {
    hint: 'give every image the same computation.',
  });
