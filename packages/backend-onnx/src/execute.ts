// Running what was recorded: stage by stage, graphs in ONNX Runtime and the rest on the host.

import { MaNetError } from '@ma-net/core';
import type * as ort from 'onnxruntime-web';
import type { Call, Entry } from './call.ts';
import { buildGraph, type Graph, stagesOf } from './graph.ts';
import type { Host } from './host.ts';
import { onnxType } from './lower/lowering.ts';
import type { Runtime } from './runtime.ts';
import { runtimeError, type SessionCache } from './session.ts';
import type { Counters } from './counters.ts';

export class Executor {
  readonly #runtime: Runtime;
  readonly #sessions: SessionCache;
  readonly #host: Host;
  readonly #counters: Counters;

  constructor(runtime: Runtime, sessions: SessionCache, host: Host, counters: Counters) {
    this.#runtime = runtime;
    this.#sessions = sessions;
    this.#host = host;
    this.#counters = counters;
  }

  /** Computes the outputs of `calls`. When something fails, every output not yet computed carries the failure. */
  async run(calls: readonly Call[]): Promise<void> {
    try {
      const started = performance.now();
      refuseFailed(calls);
      const stages = stagesOf(calls);
      this.#counters.hashMs += performance.now() - started;
      for (const { graph, host } of stages) {
        if (graph.length > 0) await this.#runGraph(graph);
        for (const call of host) {
          for (const entry of call.inputs) await this.fetch(entry);
          await this.#host.later(call);
        }
      }
    } catch (error) {
      const failure = asFailure(error);
      for (const call of calls) {
        for (const entry of call.outputs) if (!entry.materialised) entry.failure = failure;
      }
      throw failure;
    }
  }

  /** Makes the values of a computed entry available to JavaScript. */
  async fetch(entry: Entry): Promise<void> {
    if (entry.values === undefined && entry.tensor !== undefined) await this.#sessions.download(entry);
  }

  async #runGraph(calls: readonly Call[]): Promise<void> {
    const started = performance.now();
    const graph = buildGraph(calls);
    this.#counters.hashMs += performance.now() - started;
    if (graph.outputs.length === 0) return;
    const { session, inputNames, outputNames } = await this.#sessions.get(graph);
    const feeds: Record<string, ort.Tensor> = {};
    graph.inputs.forEach((entry, k) => (feeds[inputNames[k]!] = this.#feedOf(entry)));
    const running = performance.now();
    const results = await run(session, feeds, graph);
    this.#counters.runs++;
    this.#counters.runMs += performance.now() - running;
    graph.outputs.forEach((entry, k) => receive(entry, results[outputNames[k]!]!));
  }

  #feedOf(entry: Entry): ort.Tensor {
    const { Tensor } = this.#runtime;
    entry.tensor ??= new Tensor(onnxType(entry.dtype), entry.values as Float32Array, entry.shape);
    return entry.tensor;
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

function receive(entry: Entry, result: ort.InferenceSession.OnnxValueMapType[string]): void {
  const tensor = result as ort.Tensor;
  entry.tensor = tensor;
  if (tensor.location !== 'cpu') return;
  entry.values = tensor.data as Float32Array;
  entry.own = true;
}

/** A call that reads the result of a failed graph fails in the same way. */
function refuseFailed(calls: readonly Call[]): void {
  for (const call of calls) for (const { failure } of call.inputs) if (failure !== undefined) throw failure;
}

function asFailure(error: unknown): MaNetError {
  if (error instanceof MaNetError) return error;
  return new MaNetError('backend-failed', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
