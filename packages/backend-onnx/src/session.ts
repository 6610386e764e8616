// Sessions of ONNX Runtime, one per graph, kept while they are being used.

import { MaNetError } from '@ma-net/core';
import { dump } from '#platform';
import type * as ort from 'onnxruntime-web';
import { Arenas, peakBytes } from './arenas.ts';
import type { Graph } from './graph.ts';
import type { Entry } from './call.ts';
import type { Signature } from './kernel.ts';
import { describe, type Lowered, lowerGraph } from './lower/lower.ts';
import { onnxType, sizeOf } from './lower/lowering.ts';
import { ModelBuilder } from './onnx/model.ts';
import type { Counters } from './counters.ts';
import { isProcessor, type Runtime } from './runtime.ts';

export interface Compiled extends Omit<Lowered, 'bytes'> {
  readonly session: ort.InferenceSession;
  /** Whether it keeps the memory of a run for its next one. */
  readonly arena: boolean;
  /** What a run needs, roughly. */
  readonly bytes: number;
  /** What was prepared and is a part of it. */
  readonly prepared: readonly Signature[];
}

export interface SessionCacheOptions {
  readonly provider: string;
  /** Threads that a graph worth it computes with. */
  readonly threads: number;
  /** A folder that every model is written to before it is compiled. */
  readonly dumpTo?: string | undefined;
  /** A folder that ONNX Runtime writes a profile of every graph to. */
  readonly profileTo?: string | undefined;
  /** Bytes that all sessions together may keep between runs; half of the memory unless given. */
  readonly arenaBytes?: number | undefined;
}

/** Sessions beyond this many are released, least recently used first: a program whose shapes change makes ever more. */
const MAX_SESSIONS = 128;

export class SessionCache {
  readonly #sessions = new Map<string, Compiled>();
  readonly #counters: Counters;
  readonly #runtime: Runtime;
  readonly #options: SessionCacheOptions;
  readonly #arenas: Arenas;

  constructor(runtime: Runtime, counters: Counters, options: SessionCacheOptions) {
    this.#runtime = runtime;
    this.#counters = counters;
    this.#options = options;
    this.#arenas = new Arenas(options.arenaBytes);
  }

  /** The session of `graph`, created when it is the first of its kind, and again when it is given an arena. */
  async get(graph: Graph): Promise<Compiled> {
    const known = this.#sessions.get(graph.key);
    const bytes = known?.bytes ?? peakBytes(graph);
    const { keeps, back } = this.#arenas.ask(graph.key, bytes);
    for (const key of back) await this.#release(key);
    if (known !== undefined && (known.arena || !keeps)) {
      this.#counters.hits++;
      this.#sessions.delete(graph.key);
      this.#sessions.set(graph.key, known);
      return known;
    }
    const started = performance.now();
    await known?.session.release();
    const compiled = { ...(await this.#compile(graph, keeps)), bytes };
    this.#counters.compiles++;
    this.#counters.compileMs += performance.now() - started;
    await this.#keep(graph.key, compiled);
    return compiled;
  }

  async #keep(key: string, compiled: Compiled): Promise<void> {
    this.#sessions.set(key, compiled);
    if (this.#sessions.size <= MAX_SESSIONS) return;
    await this.#release(this.#sessions.keys().next().value!);
  }

  async #release(key: string): Promise<void> {
    const { session } = this.#sessions.get(key)!;
    this.#sessions.delete(key);
    this.#arenas.forget(key);
    await session.release();
  }

  /** Frees whatever `signature`, which was prepared, is a part of. */
  async forget(signature: Signature): Promise<void> {
    for (const [key, { prepared }] of [...this.#sessions])
      if (prepared.includes(signature)) await this.#release(key);
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
      const { provider } = this.#options;
      const options = { ...sessionOptions(provider, 1, true), preferredOutputLocation: 'cpu' } as const;
      const session = await this.#runtime.InferenceSession.create(model.bytes('download'), options);
      copy = {
        session,
        arena: true,
        bytes: 0,
        inputNames: ['x'],
        outputNames: [y],
        size: 1,
        cpuNodes: [],
        optimise: false,
        prepared: [],
      };
      await this.#keep(key, copy);
    }
    const results = await copy.session.run({ x: entry.tensor! });
    entry.values = (results[copy.outputNames[0]!] as ort.Tensor).data as Float32Array;
  }

  async #compile(graph: Graph, arena: boolean): Promise<Omit<Compiled, 'bytes'>> {
    const { provider, threads, dumpTo, profileTo } = this.#options;
    const { bytes, ...names } = lowerGraph(graph, isProcessor(provider));
    const some = workOf(graph) < PARALLEL_WORK ? 1 : threads;
    if (dumpTo !== undefined) {
      await dump(dumpTo, `graph-${this.#counters.compiles}.onnx`, bytes);
    }
    const profileFilePrefix = `${profileTo}/graph-${this.#counters.compiles}`;
    const profiling = profileTo === undefined ? {} : { enableProfiling: true, profileFilePrefix };
    try {
      return {
        session: await this.#runtime.InferenceSession.create(bytes, {
          ...sessionOptions(provider, some, arena, names.cpuNodes),
          ...(names.optimise ? { graphOptimizationLevel: 'all' as const } : {}),
          ...profiling,
        }),
        arena,
        prepared: graph.calls.flatMap(({ signature }) => (signature.inside === undefined ? [] : [signature])),
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

function sessionOptions(
  provider: string,
  intraOpNumThreads: number,
  enableCpuMemArena: boolean,
  forceCpuNodeNames: readonly string[] = [],
): ort.InferenceSession.SessionOptions {
  return {
    executionProviders: [withCpuNodes(provider, forceCpuNodeNames)],
    intraOpNumThreads,
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

/** An estimate of what a graph computes: every element once, products as often as they sum. */
function workOf({ calls }: Pick<Graph, 'calls'>): number {
  let work = 0;
  for (const { signature } of calls) {
    if (signature.inside !== undefined) work += workOf(signature.inside);
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
  const node = /(\w+)#(\d+)\//.exec(text);
  const numbered = node === null ? undefined : graph.calls[Number(node[2])];
  // A node of what was prepared has a number in there.
  const culprit = numbered?.signature.name === node?.[1] ? numbered : undefined;
  const where =
    culprit === undefined ? `a graph of ${graph.calls.length} kernels` : describe(culprit.signature);
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
