// Sessions of ONNX Runtime, one per graph, kept while they are being used.

import { availableParallelism } from 'node:os';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MaNetError } from '@ma-net/core';
import * as ort from 'onnxruntime-node';
import type { Graph } from './graph.ts';
import type { Entry } from './entry.ts';
import { describe, type Lowered, lowerGraph } from './lower/lower.ts';
import { onnxType, sizeOf } from './lower/lowering.ts';
import { ModelBuilder } from './onnx/model.ts';
import type { Stats } from './stats.ts';

export interface Compiled extends Omit<Lowered, 'bytes'> {
  readonly session: ort.InferenceSession;
  /** Whether it keeps the memory of a run for its next one. */
  readonly arena: boolean;
}

/** Sessions beyond this many are released, least recently used first. */
const MAX_SESSIONS = 128;

export class SessionCache {
  readonly #sessions = new Map<string, Compiled>();
  readonly #stats: Stats;
  readonly #provider: string;
  readonly #dumpTo: string | undefined;
  /** Key of the graph that was asked for last. */
  #last = '';

  constructor(stats: Stats, provider: string, dumpTo: string | undefined) {
    this.#stats = stats;
    this.#provider = provider;
    this.#dumpTo = dumpTo;
  }

  /**
   * The session of `graph`, created when it is the first of its kind. A large one that is asked for twice
   * running is created again with an arena: a training step then finds its memory as it left it, and graphs
   * that take turns (one for each astrocyte, say) do not hold on to gigabytes between their turns.
   */
  async get(graph: Graph): Promise<Compiled> {
    const known = this.#sessions.get(graph.key);
    const again = this.#last === graph.key;
    this.#last = graph.key;
    if (known !== undefined && (known.arena || !again)) {
      this.#stats.hits++;
      this.#sessions.delete(graph.key);
      this.#sessions.set(graph.key, known);
      return known;
    }
    const started = performance.now();
    await known?.session.release();
    const compiled = await this.#compile(graph, again || memoryOf(graph) < LARGE_GRAPH_BYTES);
    this.#stats.compiles++;
    this.#stats.compileMs += performance.now() - started;
    await this.#keep(graph.key, compiled);
    return compiled;
  }

  async #keep(key: string, compiled: Compiled): Promise<void> {
    this.#sessions.set(key, compiled);
    if (this.#sessions.size <= MAX_SESSIONS) return;
    const [oldest, { session }] = this.#sessions.entries().next().value!;
    this.#sessions.delete(oldest);
    await session.release();
  }

  /**
   * Brings the value of `entry` from the device into JavaScript memory: a session that copies it to a CPU output.
   * (Tensor.getData aborts the process in ONNX Runtime 1.30.)
   */
  async download(entry: Entry): Promise<void> {
    const key = `download ${entry.key}`;
    let copy = this.#sessions.get(key);
    if (copy === undefined) {
      const model = new ModelBuilder();
      const type = onnxType(entry.dtype);
      model.input('x', entry.shape, type);
      const y = model.node('Identity', ['x']);
      model.output(y, entry.shape, type);
      const options = { ...sessionOptions(this.#provider, 0, true), preferredOutputLocation: 'cpu' } as const;
      const session = await ort.InferenceSession.create(model.bytes('download'), options);
      copy = { session, arena: true, inputNames: ['x'], outputNames: [y], size: 1, cpuNodes: [] };
      await this.#keep(key, copy);
    }
    const results = await copy.session.run({ x: entry.tensor! });
    entry.values = (results[copy.outputNames[0]!] as ort.Tensor).data as Float32Array;
  }

  async #compile(graph: Graph, arena: boolean): Promise<Compiled> {
    const { bytes, ...names } = lowerGraph(graph, this.#provider === 'cpu');
    if (this.#dumpTo !== undefined) {
      await writeFile(join(this.#dumpTo, `graph-${this.#stats.compiles}.onnx`), bytes);
    }
    try {
      return {
        session: await ort.InferenceSession.create(
          bytes,
          sessionOptions(this.#provider, workOf(graph), arena, names.cpuNodes),
        ),
        arena,
        ...names,
      };
    } catch (cause) {
      throw runtimeError('refused to compile', cause, graph);
    }
  }

  async dispose(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const { session } of sessions) await session.release();
  }
}

/** Multiply-adds, roughly, below which waking a second thread costs more than it saves. */
const PARALLEL_WORK = 2e6;

/** Results of a run, all together, from which on a session first does without an arena. */
const LARGE_GRAPH_BYTES = 64 * 2 ** 20;

function sessionOptions(
  provider: string,
  work: number,
  enableCpuMemArena: boolean,
  forceCpuNodeNames: readonly string[] = [],
): ort.InferenceSession.SessionOptions {
  return {
    executionProviders: [withCpuNodes(provider, forceCpuNodeNames)],
    intraOpNumThreads: work < PARALLEL_WORK ? 1 : availableParallelism(),
    executionMode: 'sequential',
    enableCpuMemArena,
    // Planning one block for a whole run takes the memory of two runs, and was slower.
    enableMemPattern: false,
    // The lowering already chose layouts and products; on training steps the optimiser costs seconds and gains nothing.
    graphOptimizationLevel: 'disabled',
    // Fatal ones only: errors come back as exceptions, and the log would repeat them.
    logSeverityLevel: 4,
    // On a GPU, weights and optimiser state stay there from one step to the next.
    ...(provider === 'webgpu' ? { preferredOutputLocation: 'gpu-buffer' as const } : {}),
  };
}

/** The WebGPU provider takes a list of nodes to leave to the CPU, but not an empty one. */
function withCpuNodes(
  name: string,
  forceCpuNodeNames: readonly string[],
): ort.InferenceSession.ExecutionProviderConfig {
  return name === 'webgpu' && forceCpuNodeNames.length > 0 ? { name, forceCpuNodeNames } : name;
}

/** Bytes of everything a graph makes. */
function memoryOf({ nodes }: Graph): number {
  const made = nodes.flatMap(({ signature }) => signature.outputs.map((spec) => sizeOf(spec.shape)));
  return 4 * made.reduce((sum, size) => sum + size, 0);
}

/** An estimate of what a graph computes: every element once, products as often as they sum. */
function workOf({ nodes }: Graph): number {
  let work = 0;
  for (const { signature } of nodes) {
    const sizes = signature.inputs.map((spec) => (spec === undefined ? 0 : sizeOf(spec.shape)));
    const made = sizeOf(signature.outputs[0]!.shape);
    const product = /Conv2D|Conv2d|MatMul|Einsum/.test(signature.name);
    // The geometric mean of both operands and the result is exactly the cost of a matrix product.
    work += product ? Math.sqrt(sizes[0]! * sizes[1]! * made) : made;
  }
  return work;
}

/** ONNX Runtime's complaint about a graph, with the tfjs kernel that it is about when its name is quoted. */
export function runtimeError(what: string, cause: unknown, graph: Graph): MaNetError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const node = /\w+#(\d+)\//.exec(text);
  const culprit = node === null ? undefined : graph.nodes[Number(node[1])];
  const where =
    culprit === undefined ? `a graph of ${graph.nodes.length} kernels` : describe(culprit.signature);
  const memory = /bad.?alloc|allocate memory|out of memory|OOM/i.test(text);
  const lost = /device.{0,20}lost/i.test(text);
  let hint = 'createOnnxBackend({ dumpTo: folder }) writes every model there before it is compiled.';
  if (memory) hint = 'use a smaller batch, or dispose tensors that are no longer needed.';
  if (lost) hint = 'the GPU is gone with all tensors on it; start again from the last checkpoint.';
  return new MaNetError(
    memory ? 'out-of-memory' : 'backend-failed',
    `ONNX Runtime ${what} ${where}: ${text}`,
    {
      hint,
      cause,
    },
  );
}
