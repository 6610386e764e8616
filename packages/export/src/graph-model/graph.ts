// A TensorFlow graph under construction, as the JSON of a tfjs graph model has it: protobuf's JSON of a GraphDef,
// whose constants are names of the weights beside it.

import type { HostTensor } from '@ma-net/core';

/** A node's output. The first size is -1 where it follows the batch. */
export interface Value {
  readonly node: string;
  readonly shape: readonly number[];
}

/** An attribute in protobuf's JSON: 64-bit integers and bytes are strings, the latter in base64. */
export type Attribute = Readonly<Record<string, unknown>>;

export interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, Attribute>>;
}

export interface Weight extends HostTensor {
  readonly name: string;
}

export const text = (value: string): Attribute => ({ s: Buffer.from(value).toString('base64') });
export const flag = (value: boolean): Attribute => ({ b: value });
const integer = (value: number): Attribute => ({ i: String(value) });
export const integers = (values: readonly number[]): Attribute => ({ list: { i: values.map(String) } });
const type = (dtype: HostTensor['dtype']): Attribute => ({ type: typeName(dtype) });

export const typeName = (dtype: HostTensor['dtype']): string =>
  dtype === 'float32' ? 'DT_FLOAT' : 'DT_INT32';
export const dimensions = (shape: readonly number[]): { readonly dim: readonly { size: string }[] } => ({
  dim: shape.map((size) => ({ size: String(size) })),
});

export interface NodeOptions {
  /** The operation's, numbered, unless given. */
  readonly name?: string;
  readonly attr?: Readonly<Record<string, Attribute>>;
}

/** Collects nodes, in an order in which they can run, and the weights they read. */
export class Graph {
  readonly nodes: NodeDef[] = [];
  readonly weights: Weight[] = [];
  readonly #taken = new Set<string>();
  readonly #constants = new Map<string, Value>();

  input(name: string, shape: readonly number[]): Value {
    const attr = { dtype: type('float32'), shape: { shape: dimensions(shape) } };
    return this.#node('Placeholder', name, [], shape, attr);
  }

  /** An operation on floats whose output has the given shape. */
  op(
    op: string,
    inputs: readonly Value[],
    shape: readonly number[],
    { name = op, attr = {} }: NodeOptions = {},
  ): Value {
    return this.#node(op, name, inputs, shape, { T: type('float32'), ...attr });
  }

  /** A weight; the same name is the same weight. */
  constant(name: string, make: () => HostTensor): Value {
    const known = this.#constants.get(name);
    if (known !== undefined) return known;
    const tensor = make();
    const { dtype, shape } = tensor;
    const value = { tensor: { dtype: typeName(dtype), tensorShape: dimensions(shape) } };
    const made = this.#node('Const', name, [], shape, { dtype: type(dtype), value });
    this.weights.push({ ...tensor, name: made.node });
    this.#constants.set(name, made);
    return made;
  }

  number(value: number): Value {
    const data = Float32Array.of(value);
    return this.constant(`number/${nodeName(value)}`, () => ({ shape: [], dtype: 'float32', data }));
  }

  /** A vector of whole numbers, or an array of them with the given shape. */
  integers(values: readonly number[], shape: readonly number[] = [values.length]): Value {
    const name = `integers/${shape.join('x') || 'scalar'}/${values.map(nodeName).join('_')}`;
    return this.constant(name, () => ({ shape, dtype: 'int32', data: Int32Array.from(values) }));
  }

  reshape(x: Value, shape: readonly number[]): Value {
    return this.op('Reshape', [x, this.integers(shape)], shape);
  }

  transpose(x: Value, order: readonly number[]): Value {
    const shape = order.map((axis) => x.shape[axis]!);
    return this.op('Transpose', [x, this.integers(order)], shape);
  }

  /** `count` entries of an axis, from `start` on. */
  slice(x: Value, axis: number, start: number, count: number): Value {
    const begin = x.shape.map((_, k) => (k === axis ? start : 0));
    const size = x.shape.map((_, k) => (k === axis ? count : -1));
    const shape = x.shape.map((length, k) => (k === axis ? count : length));
    const attr = { Index: type('int32') };
    return this.op('Slice', [x, this.integers(begin), this.integers(size)], shape, { attr });
  }

  concat(values: readonly Value[], axis: number): Value {
    const length = values.reduce((sum, { shape }) => sum + shape[axis]!, 0);
    const shape = values[0]!.shape.map((size, k) => (k === axis ? length : size));
    const attr = { N: integer(values.length) };
    return this.op('ConcatV2', [...values, this.integers([axis], [])], shape, { attr });
  }

  #node(
    op: string,
    wanted: string,
    inputs: readonly Value[],
    shape: readonly number[],
    attr: NodeDef['attr'],
  ): Value {
    let name = wanted;
    for (let k = 1; this.#taken.has(name); k++) name = `${wanted}_${k}`;
    this.#taken.add(name);
    this.nodes.push({ name, op, input: inputs.map(({ node }) => node), attr });
    return { node: name, shape };
  }
}

/** A number in letters that a node's name may have. */
const nodeName = (value: number): string => String(value).replace('-', 'minus').replace('+', '');
