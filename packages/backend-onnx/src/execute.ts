// Running what was recorded: stage by stage, graphs in ONNX Runtime and the rest on the host.

import { MaNetError } from '@ma-net/core';
import * as ort from 'onnxruntime-node';
import type { Entry } from './entry.ts';
import { buildGraph, type Graph, stagesOf } from './graph.ts';
import type { Host } from './host.ts';
import { onnxType } from './lower/lowering.ts';
import type { Node } from './node.ts';
import { runtimeError, type SessionCache } from './session.ts';
import type { Stats } from './stats.ts';

export class Executor {
  readonly #sessions: SessionCache;
  readonly #host: Host;
  readonly #stats: Stats;

  constructor(sessions: SessionCache, host: Host, stats: Stats) {
    this.#sessions = sessions;
    this.#host = host;
    this.#stats = stats;
  }

  /** Computes the outputs of `nodes`. When something fails, every output not yet computed carries the failure. */
  async run(nodes: readonly Node[]): Promise<void> {
    try {
      const started = performance.now();
      refuseFailed(nodes);
      const stages = stagesOf(nodes);
      this.#stats.hashMs += performance.now() - started;
      for (const { graph, host } of stages) {
        if (graph.length > 0) await this.#runGraph(graph);
        for (const node of host) {
          for (const entry of node.inputs) await this.fetch(entry);
          this.#host.run(node);
        }
      }
    } catch (error) {
      const failure = asFailure(error);
      for (const node of nodes) {
        for (const entry of node.outputs) if (!entry.materialised) entry.failure = failure;
      }
      throw failure;
    }
  }

  /** Makes the values of a computed entry available to JavaScript. */
  async fetch(entry: Entry): Promise<void> {
    if (entry.values === undefined && entry.tensor !== undefined) await this.#sessions.download(entry);
  }

  async #runGraph(nodes: readonly Node[]): Promise<void> {
    const started = performance.now();
    const graph = buildGraph(nodes);
    this.#stats.hashMs += performance.now() - started;
    if (graph.outputs.length === 0) return;
    const { session, inputNames, outputNames } = await this.#sessions.get(graph);
    const feeds: Record<string, ort.Tensor> = {};
    graph.inputs.forEach((entry, k) => (feeds[inputNames[k]!] = feedOf(entry)));
    const running = performance.now();
    const results = await run(session, feeds, graph);
    this.#stats.runs++;
    this.#stats.runMs += performance.now() - running;
    graph.outputs.forEach((entry, k) => receive(entry, results[outputNames[k]!]!));
  }
}

async function run(
  session: ort.InferenceSession,
  feeds: Record<string, ort.Tensor>,
  graph: Graph,
): Promise<ort.InferenceSession.OnnxValueMapType> {
  try {
    return await session.run(feeds);
  } catch (cause) {
    throw runtimeError('failed in', cause, graph);
  }
}

function feedOf(entry: Entry): ort.Tensor {
  entry.tensor ??= new ort.Tensor(onnxType(entry.dtype), entry.values as Float32Array, entry.shape);
  return entry.tensor;
}

function receive(entry: Entry, result: ort.InferenceSession.OnnxValueMapType[string]): void {
  const tensor = result as ort.Tensor;
  entry.tensor = tensor;
  if (tensor.location === 'cpu') entry.values = tensor.data as Float32Array;
}

/** A node that reads the result of a failed graph fails in the same way. */
function refuseFailed(nodes: readonly Node[]): void {
  for (const node of nodes) for (const { failure } of node.inputs) if (failure !== undefined) throw failure;
}

function asFailure(error: unknown): MaNetError {
  if (error instanceof MaNetError) return error;
  return new MaNetError('backend-failed', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
