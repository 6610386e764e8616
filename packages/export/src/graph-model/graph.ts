// A TensorFlow graph under construction, as the JSON of a tfjs graph model has it: protobuf's JSON of a GraphDef,
// whose constants are names of the weights beside it.

import { MaNetError } from '@ma-net/core';

export type Dtype = 'float32' | 'int32' | 'bool';

/** A node's output. The first size is -1 where it follows the batch. */
export interface Value {
  readonly node: string;
  readonly shape: readonly number[];
  readonly dtype?: Dtype;
}

/** An attribute in protobuf's JSON: 64-bit integers and bytes are strings, the latter in base64. */
export type Attribute = Readonly<Record<string, unknown>>;

export interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, Attribute>>;
}

/** Values of a constant, which lie beside the graph. */
export interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  readonly data: Float32Array | Int32Array | Uint8Array;
}

export const text = (value: string): Attribute => ({ s: Buffer.from(value).toString('base64') });
export const flag = (value: boolean): Attribute => ({ b: value });
export const integer = (value: number): Attribute => ({ i: String(value) });
export const number = (value: number): Attribute => ({ f: value });
export const integers = (values: readonly number[]): Attribute => ({ list: { i: values.map(String) } });
export const type = (dtype: Dtype): Attribute => ({ type: typeName(dtype) });

export const typeName = (dtype: Dtype): string =>
  ({ float32: 'DT_FLOAT', int32: 'DT_INT32', bool: 'DT_BOOL' })[dtype];
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
  readonly #inputs: Value[] = [];
  readonly #taken = new Set<string>();
  readonly #constants = new Map<string, Value>();

  input(name: string, shape: readonly number[]): Value {
    const attr = { dtype: type('float32'), shape: { shape: dimensions(shape) } };
    const made = this.#node('Placeholder', name, [], shape, attr);
    this.#inputs.push(made);
    return made;
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

  /** An operation with several outputs. */
  ops(
    op: string,
    inputs: readonly Value[],
    shapes: readonly (readonly number[])[],
    { name = op, attr = {} }: NodeOptions = {},
  ): Value[] {
    const { node } = this.#node(op, name, inputs, shapes[0]!, { T: type('float32'), ...attr });
    return shapes.map((shape, k) => ({ node: k === 0 ? node : `${node}:${k}`, shape }));
  }

  /** A weight; the same name is the same weight. */
  constant(name: string, make: () => Omit<Weight, 'name'>): Value {
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

  /** `x`, which is the same for every image, in a shape whose first size follows the batch. */
  perImage(x: Value, shape: readonly number[]): Value {
    const [input] = this.#inputs;
    if (input === undefined || shape[0] !== -1 || shape.lastIndexOf(-1) !== 0)
      throw new MaNetError(
        'unsupported-op',
        `A value is repeated to [${shape.join()}], with sizes that follow the batch.`,
        {
          hint: 'repeat along the first axis only.',
        },
      );
    const first = [-1, ...input.shape.slice(1).map(() => 1)];
    const sizes = this.integers(first);
    const starts = this.integers(first.map(() => 0));
    const one = this.op('Slice', [input, starts, sizes], first);
    const zeros = this.op('ZerosLike', [this.reshape(one, [-1, ...shape.slice(1).map(() => 1)])], first);
    const wide = x.shape.slice(1).every((size, k) => size === shape[k + 1])
      ? x
      : this.op('BroadcastTo', [x, this.integers([1, ...shape.slice(1)])], [1, ...shape.slice(1)]);
    return this.op('AddV2', [zeros, wide], shape);
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
