// Writing a tfjs function as an ONNX model: it is recorded once without running, and lowered like any other graph.
//
// Shapes are constants in a recorded graph. A dynamic dimension is found by recording the function for two sizes:
// where the two models differ, the difference is computed from the input's shape instead. The function is never run.

import { MaNetError } from '@ma-net/core';
import type * as tf from '@tensorflow/tfjs-core';
import type { Entry } from './call.ts';
import { buildGraph, type Graph } from './graph.ts';
import { lowerCalls } from './lower/lower.ts';
import { Lowering, onnxType, type Val } from './lower/lowering.ts';
import type { Dimension, Initializer, ModelBuilder } from './onnx/model.ts';
import { type Tensors, trace, type Trace, type TraceInput } from './trace.ts';

export interface ExportInput {
  /** A number, or the name of the one dynamic dimension, such as `batch`. */
  readonly shape: readonly (number | string)[];
  readonly dtype?: 'float32' | 'int32';
}

export interface ExportOptions {
  readonly inputs: Readonly<Record<string, ExportInput>>;
  /** Tensors that the function uses, by the name they get in the model; others are named by the exporter. */
  readonly parameters?: Readonly<Record<string, tf.Tensor>>;
  /** Written into the model as it is. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The operator set of the file, 13 to 21; the lowest that its operators need unless given. */
  readonly opset?: number | undefined;
  /** Name of the graph. */
  readonly name?: string;
}

/** Two sizes of the dynamic dimension, primes that no other dimension is likely to have. */
const SIZES = [1009, 1013] as const;

/**
 * The function as a serialised ONNX model of standard operators. Tensors that it closes over become constants, of
 * whatever backend they are; it is recorded, never run. Borrows everything. Throws `unsupported-op` for kernels without a
 * lowering and for shapes that are no linear function of the dynamic dimension, or for operators that a wanted `opset`
 * has not.
 */
export async function exportOnnx(
  f: (inputs: Tensors) => Tensors,
  { inputs, parameters = {}, metadata = {}, name = 'ma-net', opset }: ExportOptions,
): Promise<Uint8Array> {
  const dynamic = dynamicDimension(inputs);
  const lowered = (size: number): Promise<Lowered> => lower(f, sized(inputs, size), parameters);
  const model = declare(await lowered(SIZES[0]), await lowered(SIZES[1]), inputs, dynamic);
  return model.file(name, { metadata, opset });
}

/** The name of the one dimension that is chosen when the model runs. */
function dynamicDimension(inputs: ExportOptions['inputs']): string | undefined {
  const names = Object.values(inputs).flatMap(({ shape }) => shape.filter((d) => typeof d === 'string'));
  const dynamic = [...new Set(names)];
  if (dynamic.length <= 1) return dynamic[0];
  throw new MaNetError(
    'bad-argument',
    `A model has one dynamic dimension, not ${dynamic.length}: ${dynamic.join(', ')}.`,
    { hint: 'give all but one of them a number.' },
  );
}

const sized = (inputs: ExportOptions['inputs'], size: number): Record<string, TraceInput> =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype = 'float32' }]) => [
      name,
      { shape: shape.map((d) => (typeof d === 'string' ? size : d)), dtype },
    ]),
  );

interface Lowered {
  readonly model: ModelBuilder;
  readonly outputs: readonly {
    readonly name: string;
    readonly source: string;
    readonly shape: readonly number[];
    readonly dtype: tf.DataType;
  }[];
}

/** Records `f` with these inputs, and lowers the recording. */
async function lower(
  f: (inputs: Tensors) => Tensors,
  inputs: Readonly<Record<string, TraceInput>>,
  parameters: Readonly<Tensors>,
): Promise<Lowered> {
  const recorded = await trace(f, inputs, parameters);
  try {
    const onHost = recorded.calls.find(({ signature }) => signature.kernel === undefined);
    if (onHost !== undefined) {
      throw new MaNetError(
        'unsupported-op',
        `Kernel ${onHost.signature.name} has no ONNX lowering, so the function cannot be exported.`,
      );
    }
    const graph = buildGraph(recorded.calls);
    const g = new Lowering({ fold: true });
    const vals = declareInputs(g, graph, recorded);
    lowerCalls(g, graph.calls, vals);
    const outputs = recorded.outputs.map(({ name, entry, shape, dtype }) => {
      const source = g.plain(g.view(vals.get(entry)!, shape));
      return { name, source, shape, dtype };
    });
    return { model: g.model, outputs };
  } finally {
    recorded.release();
  }
}

/** Placeholders become inputs of the model, tensors with values its constants. */
function declareInputs(g: Lowering, graph: Graph, { inputs, constants }: Trace): Map<Entry, Val> {
  const vals = new Map<Entry, Val>();
  graph.inputs.forEach((entry, k) => {
    const input = inputs.get(entry);
    const name = input ?? constants.get(entry)?.name ?? `constant.${k}`;
    if (input === undefined)
      g.model.initializer(name, entry.values as Float32Array, entry.shape, onnxType(entry.dtype));
    vals.set(entry, g.val(name, entry));
  });
  return vals;
}

/** The first model with what differs in the second made dynamic, and with its inputs and outputs declared. */
function declare(
  first: Lowered,
  second: Lowered,
  inputs: ExportOptions['inputs'],
  dynamic: string | undefined,
): ModelBuilder {
  const { model, outputs } = first;
  for (const [name, { shape, dtype = 'float32' }] of Object.entries(inputs)) model.input(name, shape, dtype);
  const carrier = Object.entries(inputs).find(([, { shape }]) => shape.includes(dynamic ?? NaN));
  if (second.model.nodeCount !== model.nodeCount) throw dependsOn(dynamic, 'the number of nodes');
  for (const [name, constant] of [...model.initializers]) {
    const other = second.model.initializers.get(name);
    if (other !== undefined && sameBytes(constant.bytes, other.bytes)) continue;
    const coefficients = carrier && other && linear(constant, other);
    if (coefficients === undefined) throw dependsOn(dynamic, name);
    const [input, { shape }] = carrier!;
    model.compute(name, () =>
      linearNodes(model, input, shape.indexOf(dynamic!), coefficients, constant.dims.length === 0),
    );
  }
  outputs.forEach(({ name, source, shape, dtype }, k) => {
    const dims = shape.map((d, axis) => dimension(d, second.outputs[k]!.shape[axis]!, dynamic));
    model.alias(source, name);
    model.output(name, dims, onnxType(dtype));
  });
  return model;
}

const dependsOn = (dynamic: string | undefined, what: string): MaNetError =>
  new MaNetError(
    'unsupported-op',
    `The function depends on the size of "${dynamic}" in a way that cannot be exported (${what}).`,
    {
      hint: 'export with a number in place of the dynamic dimension.',
    },
  );

interface Linear {
  readonly slope: number;
  readonly offset: number;
}

/** Each element of two integer constants as a linear function of the size they were recorded for. */
function linear(a: Initializer, b: Initializer): Linear[] | undefined {
  if (a.type !== 'int64' || b.type !== 'int64' || a.bytes.length !== b.bytes.length) return undefined;
  const [x, y] = [integers(a), integers(b)];
  const found = x.map((v, k) => {
    const slope = (y[k]! - v) / (SIZES[1] - SIZES[0]);
    return { slope, offset: v - slope * SIZES[0] };
  });
  return found.every(({ slope }) => Number.isInteger(slope)) ? found : undefined;
}

const integers = ({ bytes }: Initializer): number[] =>
  [...new BigInt64Array(bytes.slice().buffer)].map(Number);

/** slope * (dimension `axis` of `input`) + offset, for each coefficient. */
function linearNodes(
  model: ModelBuilder,
  input: string,
  axis: number,
  coefficients: readonly Linear[],
  scalar: boolean,
): string {
  const size = model.node('Gather', [model.node('Shape', [input]), model.ints([axis])]);
  const slopes = model.ints(coefficients.map(({ slope }) => slope));
  const offsets = model.ints(coefficients.map(({ offset }) => offset));
  const values = model.node('Add', [model.node('Mul', [size, slopes]), offsets]);
  return scalar ? model.node('Reshape', [values, model.ints([])]) : values;
}

function dimension(first: number, second: number, dynamic: string | undefined): Dimension {
  if (first === second) return first;
  const slope = (second - first) / (SIZES[1] - SIZES[0]);
  return slope === 1 && first === SIZES[0] ? dynamic! : `${slope}*${dynamic}`;
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, k) => byte === b[k]);
