// From the calls of one stage to a graph in canonical form: values are numbered in order of appearance, so that
// equal programs have equal keys whatever tensors they were recorded with.

import type { Call, Entry } from './call.ts';

export interface Graph {
  /** Equal for graphs that can share a session: kernels, attributes, shapes, dtypes and wiring, never values. */
  readonly key: string;
  readonly calls: readonly Call[];
  readonly inputs: readonly Entry[];
  readonly outputs: readonly Entry[];
}

let graphs = 0;

/**
 * Numbers the values of `calls` (in recorded order): outputs count up from 0, graph inputs down from -1, in
 * `entry.slot`. Outputs are the values that a tensor or a call outside `calls` still refers to.
 */
export function buildGraph(calls: readonly Call[]): Graph {
  const mark = ++graphs;
  const inputs: Entry[] = [];
  const outputs: Entry[] = [];
  const key: (string | number)[] = [];
  let slots = 0;
  for (const { signature, inputs: given, outputs: made } of calls) {
    key.push(signature.id);
    for (const entry of given) {
      if (entry.mark !== mark) {
        entry.mark = mark;
        entry.readers = 0;
        inputs.push(entry);
        entry.slot = -inputs.length;
        key.push(entry.key);
      }
      entry.readers++;
      key.push(entry.slot);
    }
    for (const entry of made) {
      entry.mark = mark;
      entry.readers = 0;
      entry.slot = slots++;
    }
  }
  for (const call of calls) {
    for (const entry of call.outputs) {
      if (entry.refs <= 0 && entry.uses <= entry.readers) continue;
      outputs.push(entry);
      key.push('o', entry.slot);
    }
  }
  return { key: key.join(' '), calls, inputs, outputs };
}

/**
 * Splits recorded calls into stages: what ONNX Runtime can run in one go. A call that runs on the host ends the
 * stage of its inputs, and its readers belong to a later one. Sets `call.stage`.
 */
export function stagesOf(calls: readonly Call[]): { graph: Call[]; host: Call[] }[] {
  let last = 0;
  for (const call of calls) {
    call.stage = 0;
    for (const { maker } of call.inputs)
      if (maker !== undefined) call.stage = Math.max(call.stage, maker.stage + (onHost(maker) ? 1 : 0));
    last = Math.max(last, call.stage);
  }
  if (last > 0) postpone(calls);
  const stages = Array.from({ length: last + 1 }, (): { graph: Call[]; host: Call[] } => ({
    graph: [],
    host: [],
  }));
  for (const call of calls) stages[call.stage]![onHost(call) ? 'host' : 'graph'].push(call);
  return stages;
}

const onHost = ({ signature }: Call): boolean => signature.kernel === undefined;

/**
 * What follows from known values alone waits for the first stage that reads it: a result that crosses from one stage to
 * the next is copied.
 */
function postpone(calls: readonly Call[]): void {
  const free = new Set<Call>();
  for (const call of calls)
    if (!onHost(call) && call.inputs.every(({ maker }) => maker === undefined || free.has(maker)))
      free.add(call);
  const wanted = new Map<Call, number>();
  for (const call of calls.toReversed()) {
    if (free.has(call)) call.stage = wanted.get(call) ?? call.stage;
    for (const { maker } of call.inputs)
      if (maker !== undefined) wanted.set(maker, Math.min(wanted.get(maker) ?? Infinity, call.stage));
  }
}
