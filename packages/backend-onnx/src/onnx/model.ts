// A thin builder of ONNX models: nodes, constants, inputs and outputs by name, serialised at the end.

import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeType,
  ModelProtoSchema,
  TensorProto_DataType as ElementType,
  type AttributeProto,
} from 'onnx-buf';
import { chooseOpset, inOpset, irOf, type Operator, WRITTEN } from './opset.ts';

export type OnnxType = 'float32' | 'float64' | 'int32' | 'int64' | 'bool' | 'uint8';

const elementTypes: Record<OnnxType, ElementType> = {
  float32: ElementType.FLOAT,
  float64: ElementType.DOUBLE,
  int32: ElementType.INT32,
  int64: ElementType.INT64,
  bool: ElementType.BOOL,
  uint8: ElementType.UINT8,
};

/** Integers and lists of integers stand for themselves; `real` marks a float. */
export type AttributeValue = number | readonly number[] | string | Real;
export interface Real {
  readonly real: number;
}
export const real = (value: number): Real => ({ real: value });
/** The value of ONNX attributes that name an element type. */
export const elementType = (type: OnnxType): number => elementTypes[type];

interface NodeFields extends Operator {
  readonly [field: string]: unknown;
}

export interface FileOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  /** The operator set; the lowest that the nodes need unless given. */
  readonly opset?: number | undefined;
}

/** A constant of a model. */
export interface Initializer {
  readonly dims: readonly number[];
  readonly type: OnnxType;
  readonly bytes: Uint8Array;
}

/** Operators whose second input is the shape of their output. */
const SHAPED = new Set(['Reshape', 'Expand']);

interface ValueInfo {
  readonly name: string;
  /** Undefined where ONNX Runtime is not to know. */
  readonly dims: readonly Dimension[] | undefined;
  readonly type: OnnxType;
}

const withoutShape = ({ name, type }: ValueInfo): ValueInfo => ({ name, dims: undefined, type });

interface Serialised {
  readonly opset: number;
  readonly nodes: readonly NodeFields[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly inputs?: readonly ValueInfo[];
  readonly outputs?: readonly ValueInfo[];
}

/** A dimension: a size, or the name of a size that is chosen when the model runs. */
export type Dimension = number | string;

export class ModelBuilder {
  /** Prefix of the names of the nodes made from now on; errors of ONNX Runtime quote it. */
  label = '';
  nodeCount = 0;
  /** Names of nodes that a GPU provider must leave to the CPU. */
  readonly cpuNodes: string[] = [];
  readonly #nodes: NodeFields[] = [];
  readonly #initializers = new Map<string, Initializer>();
  readonly #inputs: ValueInfo[] = [];
  readonly #outputs: ValueInfo[] = [];
  readonly #constants = new Map<string, string>();
  readonly #domains = new Set<string>();
  #names = 0;

  /** Appends a node with one output and returns the output's name. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    domain = '',
  ): string {
    return this.nodes(opType, inputs, 1, attributes, domain)[0]!;
  }

  /** Appends a node with `count` outputs and returns their names. */
  nodes(
    opType: string,
    inputs: readonly string[],
    count: number,
    attributes: Readonly<Record<string, AttributeValue>> = {},
    domain = '',
  ): string[] {
    const output = Array.from({ length: count }, () => this.fresh());
    if (domain !== '') this.#domains.add(domain);
    const name = `${this.label}/${opType}.${this.nodeCount++}`;
    // The WebGPU provider has MaxPool, but not its indices, and finds out only when it runs.
    if (opType === 'MaxPool' && count > 1) this.cpuNodes.push(name);
    this.#nodes.push({
      opType,
      domain,
      name,
      input: [...inputs],
      output,
      attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
    });
    return output;
  }

  fresh(): string {
    return `v${this.#names++}`;
  }

  ints(values: readonly number[], type: 'int64' | 'int32' = 'int64'): string {
    const data = type === 'int64' ? BigInt64Array.from(values, BigInt) : Int32Array.from(values);
    return this.constant(data, [values.length], type);
  }

  int(value: number): string {
    return this.constant(BigInt64Array.of(BigInt(value)), [], 'int64');
  }

  scalar(value: number, type: OnnxType = 'float32'): string {
    switch (type) {
      case 'float32':
        return this.constant(Float32Array.of(value), [], type);
      case 'float64':
        return this.constant(Float64Array.of(value), [], type);
      case 'int32':
        return this.constant(Int32Array.of(value), [], type);
      case 'int64':
        return this.int(value);
      case 'bool':
      case 'uint8':
        return this.constant(Uint8Array.of(value), [], type);
    }
  }

  /** The name of a constant; equal small constants share one. */
  constant(data: ArrayBufferView, dims: readonly number[], type: OnnxType): string {
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const key = rawData.length <= 256 ? `${type}[${dims.join()}]${rawData.join()}` : undefined;
    const known = key === undefined ? undefined : this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.fresh();
    if (key !== undefined) this.#constants.set(key, name);
    this.initializer(name, rawData, dims, type);
    return name;
  }

  /** A named constant, as exported weights are. */
  initializer(name: string, data: ArrayBufferView, dims: readonly number[], type: OnnxType): void {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#initializers.set(name, { dims, type, bytes });
  }

  /** Every constant by name. */
  get initializers(): ReadonlyMap<string, Initializer> {
    return this.#initializers;
  }

  /** Computes what was the constant `name` by nodes that `emit` makes, ahead of all others; it returns the value's name. */
  compute(name: string, emit: () => string): void {
    this.#initializers.delete(name);
    const others = this.#nodes.splice(0);
    const made = emit();
    this.#nodes.push(
      { opType: 'Identity', name: `${name}/Identity`, input: [made], output: [name] },
      ...others,
    );
  }

  /** Removes constants that no node reads, as are those that others were folded from. */
  #prune(nodes: readonly NodeFields[]): void {
    const read = new Set(nodes.flatMap((node) => node.input));
    for (const name of [...this.#initializers.keys()]) if (!read.has(name)) this.#initializers.delete(name);
  }

  isConstant(name: string): boolean {
    return this.#initializers.has(name);
  }

  /** Gives the value `source` a second name. */
  alias(source: string, name: string): void {
    this.#nodes.push({ opType: 'Identity', name: `${name}/Identity`, input: [source], output: [name] });
  }

  input(name: string, dims: readonly Dimension[], type: OnnxType): void {
    this.#inputs.push({ name, dims, type });
  }

  output(name: string, dims: readonly Dimension[], type: OnnxType): void {
    this.#outputs.push({ name, dims, type });
  }

  /** The serialised ModelProto, for a session of our own. */
  bytes(graphName: string): Uint8Array {
    this.#prune(this.#nodes);
    return this.#serialised(graphName, { opset: WRITTEN, nodes: this.#nodes });
  }

  /**
   * The same, but ONNX Runtime sees shapes only when it runs. Values that it knows to be of one shape get one buffer, which
   * is held from the first to the last of them, and a training step took half as much memory again. For that the shapes
   * that nodes are given are cut out of one constant that a caller might replace.
   */
  bytesWithoutShapes(graphName: string): Uint8Array {
    const shapes = new Map<string, BigInt64Array>();
    const hidden = (name: string): string => `${name} hidden`;
    const nodes = this.#nodes.map((node): NodeFields => {
      const shape = SHAPED.has(node.opType) ? this.#initializers.get(node.input[1]!) : undefined;
      if (shape === undefined || shape.bytes.length === 0) return node;
      const name = node.input[1]!;
      shapes.set(name, new BigInt64Array(shape.bytes.slice().buffer));
      return { ...node, input: node.input.with(1, hidden(name)) };
    });
    const inputs = this.#inputs.map(withoutShape);
    if (shapes.size > 0) {
      const lists = [...shapes.values()];
      const all = BigInt64Array.from(lists.flatMap((list) => [...list]));
      const source = this.constant(all, [all.length], 'int64');
      const sizes = this.ints(lists.map(({ length }) => length));
      inputs.push({ name: source, dims: [all.length], type: 'int64' });
      const output = [...shapes.keys()].map(hidden);
      nodes.unshift({ opType: 'Split', name: 'shapes/Split', input: [source, sizes], output });
    }
    const outputs = this.#outputs.map(withoutShape);
    return this.#serialised(graphName, { opset: WRITTEN, nodes, inputs, outputs });
  }

  /** The serialised ModelProto, for other programs: constants that nobody reads are left out. */
  file(graphName: string, { metadata = {}, opset: wanted }: FileOptions = {}): Uint8Array {
    const opset = chooseOpset(this.#nodes, wanted);
    const integers = (name: string): bigint[] | undefined => {
      const constant = this.#initializers.get(name);
      return constant?.type === 'int64' ? [...new BigInt64Array(constant.bytes.slice().buffer)] : undefined;
    };
    const nodes = this.#nodes.map((node) => inOpset(node, opset, integers));
    this.#prune(nodes);
    return this.#serialised(graphName, { opset, nodes, metadata });
  }

  #serialised(
    graphName: string,
    { opset, nodes, metadata = {}, inputs = this.#inputs, outputs = this.#outputs }: Serialised,
  ): Uint8Array {
    const model = create(ModelProtoSchema, {
      irVersion: BigInt(irOf(opset)),
      producerName: 'ma-net',
      opsetImport: [
        { domain: '', version: BigInt(opset) },
        ...[...this.#domains].map((domain) => ({ domain, version: 1n })),
      ],
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      graph: {
        name: graphName,
        node: nodes,
        initializer: [...this.#initializers].map(([name, { dims, type, bytes }]) => ({
          name,
          dims: dims.map(BigInt),
          dataType: elementTypes[type],
          rawData: bytes,
        })),
        input: inputs.map(valueInfo),
        output: outputs.map(valueInfo),
      },
    } as Parameters<typeof create<typeof ModelProtoSchema>>[1]);
    return toBinary(ModelProtoSchema, model);
  }
}

function attribute(name: string, value: AttributeValue): Partial<AttributeProto> {
  if (typeof value === 'string') {
    return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  }
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: BigInt(value) };
  if ('real' in value) return { name, type: AttributeType.FLOAT, f: value.real };
  return { name, type: AttributeType.INTS, ints: value.map(BigInt) };
}

function valueInfo({ name, dims, type }: ValueInfo): object {
  const dim = dims?.map((d) => ({
    value:
      typeof d === 'number'
        ? { case: 'dimValue' as const, value: BigInt(d) }
        : { case: 'dimParam' as const, value: d },
  }));
  const value = { elemType: elementTypes[type], ...(dim === undefined ? {} : { shape: { dim } }) };
  return { name, type: { value: { case: 'tensorType' as const, value } } };
}
