// Counters of the engine, for benchmarks, tests and the curious.

export interface Counters {
  /** Kernel calls recorded. */
  calls: number;
  /** Kernel calls dropped before running because nobody could reach their results. */
  dropped: number;
  /** Graphs handed to ONNX Runtime. */
  runs: number;
  /** Runs that found their session. */
  hits: number;
  /** Sessions created. */
  compiles: number;
  /** Kernel calls that ran on the host because they have no lowering. */
  fallbacks: number;
  /** Time spent recording calls, building and hashing graphs, creating sessions, and running them. */
  recordMs: number;
  hashMs: number;
  compileMs: number;
  runMs: number;
}

export const noCounts = (): Counters => ({
  calls: 0,
  dropped: 0,
  runs: 0,
  hits: 0,
  compiles: 0,
  fallbacks: 0,
  recordMs: 0,
  hashMs: 0,
  compileMs: 0,
  runMs: 0,
});
