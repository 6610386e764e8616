import type { AttentionChoice } from './attention/choice.ts';

/** What every network of the zoo can be asked for. */
export interface TNetOptions {
  readonly numClasses: number;
  /** [height, width, channels] of one image; each network has a default. */
  readonly inputShape?: readonly [number, number, number];
}

/** What residual networks can be asked for besides. */
export interface ResidualOptions extends TNetOptions {
  /** Attention in every residual block, or in place of its stride; none unless given. */
  readonly attention?: AttentionChoice;
}

/** How the exits of a network learn from each other. */
export interface ExitOptions {
  /** What an exit adds of the logits of the one before, whose gradient stops there; 0 unless given, 0.5 in the paper. */
  readonly boost?: number;
  /** Whether what exits have in common receives the mean of their gradients, in place of the sum; not unless given. */
  readonly rescale?: boolean;
}

/** What transformers can be asked for besides. */
export interface TransformerOptions extends TNetOptions {
  /** Part of the numbers that is dropped after embeddings, projections and within MLPs while training; 0 unless given. */
  readonly dropout?: number;
  /**
   * Part of the residual branches that the last block drops while training (stochastic depth); the blocks before it drop
   * linearly less, the first one none. 0 unless given.
   */
  readonly dropPath?: number;
}

/** Rate of stochastic depth in one of `blocks` blocks. */
export function dropPathRate(last: number, block: number, blocks: number): number {
  return blocks === 1 ? last : (last * block) / (blocks - 1);
}

/** Stages by name: `layer1`, `layer2`, ... */
export function named<V>(prefix: string, stages: readonly V[]): Record<string, V> {
  return Object.fromEntries(stages.map((x, i) => [`${prefix}${i + 1}`, x]));
}

/** How weight files are fetched. */
export interface HubOptions {
  /** In Node, where downloads are kept: `$XDG_CACHE_HOME/ma-net/weights`, or `~/.cache/ma-net/weights`, unless given. */
  readonly cacheDir?: string;
  /** Called as bytes arrive. */
  readonly onProgress?: (received: number, total: number) => void;
  /** For repositories that are not public. */
  readonly accessToken?: string;
  /** Milliseconds without a byte after which a server is given up; 30 000 unless given. */
  readonly patience?: number;
  readonly hubUrl?: string;
  readonly fetch?: typeof fetch;
}
