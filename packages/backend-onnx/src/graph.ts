// From the nodes of one stage to a graph in canonical form: values are numbered in order of appearance, so that
// equal programs have equal keys whatever tensors they were recorded with.

import type { Entry } from './entry.ts';
import type { Node } from './node.ts';

export interface Graph {
  /** Equal for graphs that can share a session: kernels, attributes, shapes, dtypes and wiring, never values. */
  readonly key: string;
  readonly nodes: readonly Node[];
  readonly inputs: readonly Entry[];
  readonly outputs: readonly Entry[];
}

let graphs = 0;

/**
 * Numbers the values of `nodes` (in recorded order): outputs count up from 0, graph inputs down from -1, in
 * `entry.slot`. Outputs are the values that a tensor or a node outside `nodes` still refers to.
 */
export function buildGraph(nodes: readonly Node[]): Graph {
  const mark = ++graphs;
  const inputs: Entry[] = [];
  const outputs: Entry[] = [];
  const key: (string | number)[] = [];
  let slots = 0;
  for (const { signature, inputs: given, outputs: made } of nodes) {
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
  for (const node of nodes) {
    for (const entry of node.outputs) {
      if (entry.refs <= 0 && entry.uses <= entry.readers) continue;
      outputs.push(entry);
      key.push('o', entry.slot);
    }
  }
  return { key: key.join(' '), nodes, inputs, outputs };
}

/**
 * Splits recorded nodes into stages: what ONNX Runtime can run in one go. A node that runs on the host ends the
 * stage of its inputs, and its readers belong to a later one. Sets `node.stage`.
 */
export function stagesOf(nodes: readonly Node[]): { graph: Node[]; host: Node[] }[] {
  const stages: { graph: Node[]; host: Node[] }[] = [];
  for (const node of nodes) {
    let stage = 0;
    for (const { node: producer } of node.inputs) {
      if (producer === undefined) continue;
      stage = Math.max(stage, producer.stage + (producer.signature.kernel === undefined ? 1 : 0));
    }
    node.stage = stage;
    while (stages.length <= stage) stages.push({ graph: [], host: [] });
    stages[stage]![node.signature.kernel === undefined ? 'host' : 'graph'].push(node);
  }
  return stages;
}
