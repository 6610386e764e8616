// What the operators of one run of a graph took, by kind, from the profiles that ONNX Runtime writes.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Event {
  readonly cat: string;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly args: {
    readonly op_name?: string;
    readonly input_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
    readonly output_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
  };
}

/** All operators of one kind in one run. */
export interface Kind {
  readonly kind: string;
  readonly count: number;
  readonly seconds: number;
  /** Multiply-adds count as two; 0 for operators that only move or map. */
  readonly operations: number;
  /** What they read and write. */
  readonly bytes: number;
}

/** The kinds of operators in a warm run of the costliest graph profiled in `folder`, the costliest first. */
export function profileOf(folder: string, by: (event: { op: string; from: string }) => string): Kind[] {
  let best: { readonly total: number; readonly nodes: readonly Event[] } = {
    total: 0,
    nodes: [],
  };
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    const events = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Event[];
    const nodes = leastOf(events);
    const total = nodes.reduce((sum, { dur }) => sum + dur, 0);
    if (total > best.total) best = { total, nodes };
  }
  const kinds = new Map<string, { count: number; seconds: number; operations: number; bytes: number }>();
  for (const node of best.nodes) {
    const kind = by({ op: node.args.op_name!, from: node.name.split('#')[0]! });
    const sum = kinds.get(kind) ?? {
      count: 0,
      seconds: 0,
      operations: 0,
      bytes: 0,
    };
    sum.count++;
    sum.seconds += node.dur / 1e6;
    sum.operations += operationsOf(node);
    sum.bytes += bytesOf(node);
    kinds.set(kind, sum);
  }
  return [...kinds].map(([kind, sum]) => ({ kind, ...sum })).sort((a, b) => b.seconds - a.seconds);
}

/** Each operator in the last two runs: the faster time, since other programs are running. */
function leastOf(events: readonly Event[]): readonly Event[] {
  const runs = events.filter(({ name }) => name === 'model_run').slice(-2);
  const least = new Map<string, Event>();
  for (const { ts, dur } of runs) {
    for (const event of events) {
      if (event.cat !== 'Node' || !event.name.endsWith('_kernel_time')) continue;
      if (event.ts < ts || event.ts >= ts + dur) continue;
      const known = least.get(event.name);
      if (known === undefined || event.dur < known.dur) least.set(event.name, event);
    }
  }
  return [...least.values()];
}

const shapes = (list: Event['args']['input_type_shape']): (readonly number[])[] =>
  (list ?? []).map((typed) => Object.values(typed)[0] ?? []);
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

function operationsOf({ args }: Event): number {
  const [a, b] = shapes(args.input_type_shape);
  const [made] = shapes(args.output_type_shape).map(sizeOf);
  if (a === undefined || b === undefined || made === undefined) return 0;
  if (args.op_name === 'MatMul') return 2 * made * a.at(-1)!;
  // Whichever of them is transposed: (M K)(K N) / (M N) = K^2.
  if (args.op_name === 'Gemm') return 2 * made * Math.sqrt((sizeOf(a) * sizeOf(b)) / made);
  if (args.op_name === 'Conv') return (2 * made * sizeOf(b)) / b[0]!;
  if (args.op_name === 'ConvTranspose') return (2 * sizeOf(a) * sizeOf(b)) / b[0]!;
  return 0;
}

function bytesOf({ args }: Event): number {
  const all = [...(args.input_type_shape ?? []), ...(args.output_type_shape ?? [])];
  return all.reduce((sum, typed) => {
    const [[type, shape] = ['float', []]] = Object.entries(typed);
    return sum + sizeOf(shape) * (type === 'bool' || type === 'uint8' ? 1 : type === 'int64' ? 8 : 4);
  }, 0);
}
