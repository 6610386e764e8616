// From a canonical graph to a serialised ONNX model.

import { MaNetError } from '@ma-net/core';
import type { Call, Entry } from '../call.ts';
import { specKey } from '../spec.ts';
import type { Graph } from '../graph.ts';
import type { Signature } from '../kernel.ts';
import { Lowering, onnxType, type Val } from './lowering.ts';

export interface Lowered {
  readonly bytes: Uint8Array;
  /** Names of the model's inputs and outputs, in the order of the graph's. */
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** ONNX nodes in the model. */
  readonly size: number;
  /** Names of nodes that a GPU provider must leave to the CPU. */
  readonly cpuNodes: readonly string[];
  /** Whether ONNX Runtime's optimiser is to see it. */
  readonly optimise: boolean;
}

/** `cpu`: whether the CPU provider will run it. */
export function lowerGraph(graph: Graph, cpu: boolean): Lowered {
  // What was prepared is compiled once for all its runs, and ONNX Runtime's optimiser then gains more than our products.
  const optimise = graph.calls.some(({ signature }) => signature.inside !== undefined);
  const g = new Lowering({ cpu: cpu && !optimise });
  const inputNames = graph.inputs.map((_, k) => `in${k}`);
  const vals = new Map<Entry, Val>();
  graph.inputs.forEach((entry, k) => {
    g.model.input(inputNames[k]!, entry.shape, onnxType(entry.dtype));
    vals.set(entry, g.val(inputNames[k]!, entry));
  });

  lowerCalls(g, graph.calls, vals);

  const used = new Set(inputNames);
  const outputNames = graph.outputs.map((entry) => {
    let name = g.plain(g.view(vals.get(entry)!, entry.shape));
    // A graph output needs a name of its own that a node produces.
    if (used.has(name) || g.model.isConstant(name)) name = g.op('Identity', [name]);
    used.add(name);
    g.model.output(name, entry.shape, onnxType(entry.dtype));
    return name;
  });
  const { cpuNodes, nodeCount: size } = g.model;
  const bytes = cpu && !optimise ? g.model.bytesWithoutShapes('tfjs') : g.model.bytes('tfjs');
  return { bytes, inputNames, outputNames, size, cpuNodes, optimise };
}

/** Lowers `calls` in order, which adds to `vals`; equal computations are emitted once. */
export function lowerCalls(g: Lowering, calls: readonly Call[], vals: Map<Entry, Val>): void {
  const seen = new Map<string, readonly Val[]>();
  calls.forEach(({ signature, inputs, outputs }, k) => {
    const canonical = inputs.map((entry) => vals.get(entry)!);
    const key = `${signature.id} ${canonical.map(valId).join()}`;
    let made = seen.get(key);
    if (made === undefined) {
      g.model.label = `${signature.name}#${k}`;
      const given = signature.inputs.filter((spec) => spec !== undefined);
      const views = canonical.map((val, i) => g.view(val, given[i]!.shape));
      made = lowerCall(g, signature, views);
      seen.set(key, made);
    }
    outputs.forEach((entry, i) => vals.set(entry, made[i]!));
  });
}

const ids = new WeakMap<Val, number>();
let nextId = 0;
function valId(val: Val): number {
  let id = ids.get(val);
  if (id === undefined) ids.set(val, (id = nextId++));
  return id;
}

function lowerCall(g: Lowering, signature: Signature, inputs: readonly Val[]): readonly Val[] {
  try {
    const made = signature.kernel!.lower(g, inputs, signature);
    return Array.isArray(made) ? (made as Val[]) : [made as Val];
  } catch (cause) {
    throw new MaNetError(
      'unsupported-op',
      `Kernel ${describe(signature)} cannot be lowered to ONNX: ${String(cause)}`,
      {
        cause,
      },
    );
  }
}

/** A call as people read it: name, shapes and attributes. */
export function describe({ name, inputs, inputNames, outputs, attrs }: Signature): string {
  const given = inputs.map(
    (spec, k) => `${inputNames[k]}: ${spec === undefined ? 'none' : specKey(spec.shape, spec.dtype)}`,
  );
  const made = outputs.map((spec) => specKey(spec.shape, spec.dtype));
  return `${name}(${given.join(', ')}) -> ${made.join(', ')} with ${JSON.stringify(attrs)}`;
}
